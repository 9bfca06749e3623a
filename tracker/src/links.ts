/** The link that was clicked, in a web component too; none for a click that opens nothing. */
const linkOf = (event: Event): HTMLAnchorElement | undefined => {
  // The middle button opens a new tab, the right one a menu.
  if (event.type === "auxclick" && (event as MouseEvent).button !== 1) return;
  return event
    .composedPath()
    .find((node) => node instanceof HTMLAnchorElement && /^http/.test(node.href)) as HTMLAnchorElement;
};

/** Calls back with each link that is opened, before it is. */
export const onLink = (follow: (link: HTMLAnchorElement) => void): void => {
  const look = (event: Event): void => {
    const link = linkOf(event);
    if (link) follow(link);
  };
  for (const type of ["click", "auxclick"]) addEventListener(type, look, true);
};
