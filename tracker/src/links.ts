/** The link that was clicked, in a web component too; none for a click that opens nothing. */
export const linkOf = (event: Event): HTMLAnchorElement | undefined => {
  // The middle button opens a new tab, the right one a menu.
  if (event.type === "auxclick" && (event as MouseEvent).button !== 1) return;
  return event
    .composedPath()
    .find((node) => node instanceof HTMLAnchorElement && /^http/.test(node.href)) as HTMLAnchorElement;
};
