/** What few pages need of the tracker; the script has it in a file of its own. */
export { readDevice } from "./device.js";
export { followHistory } from "./history.js";
export { readCalls } from "./noted_calls.js";
export { changeConsent, mayTrack } from "./privacy.js";
export { redactUrl } from "./redact.js";
