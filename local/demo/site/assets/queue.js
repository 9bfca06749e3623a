// Calls that come before the tracker has loaded wait in this list. The tracker makes up for them
// and takes the list's place: from then on push() tracks at once. So pages can always call push,
// and the tracker can load when it likes (async).
window.conversionTracking = window.conversionTracking || [];
