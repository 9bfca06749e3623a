import { now } from "./clock.js";
import type { WithExtra } from "./extra_of_page.js";
import { followAddress } from "./navigation.js";
import type { Config, EventFields, WireEvent } from "./types.js";

// A router changes the address first, and the title when it has the page's data.
const TITLE_POLL_MS = 100;
const MAX_POLLS = 10;
// Within this time a new address is where a redirect leads to.
const REDIRECT_MS = 250;

/** The address of the page; the hash is a part of it where it is the route. */
export const addressOf = (config: Config): string =>
  config.hashRouting ? location.href : location.href.split("#")[0]!;

/**
 * Counts each page that a visitor sees: now, after client-side navigation to another path, and
 * when a page comes back from the back-forward cache. A page that was opened in the background
 * counts when it becomes visible. `hold` makes the page's view, and holds it and what is
 * tracked after it until `release`, when its title has settled.
 */
export const createPages = (config: Config, hold: () => WireEvent, release: () => void, withExtra: WithExtra) => {
  // A path. Not the query: filters, sorting and the removal of campaign parameters are no new page.
  let seen: string | undefined;
  let view: WireEvent | undefined;
  let lastTitle: string | undefined;
  let started: boolean | undefined;
  // The look at the title that is to come.
  let next: object | undefined;

  const pathOf = ({ pathname, hash }: Location): string =>
    (pathname.endsWith("/") ? pathname : pathname + "/") + (config.hashRouting ? hash.split("?")[0]! : "");

  const settle = (fields?: EventFields): void => {
    if (!view) return;
    next = undefined;
    Object.assign(view, { page_title: (lastTitle = document.title) }, fields);
    view = undefined;
    release();
  };

  /** Settles when the title is another page's no more, and has not changed for a moment. */
  const poll = (polls: number, before: string): void => {
    const mine = (next = {});
    setTimeout(() => {
      if (next !== mine) return;
      const { title, readyState } = document;
      const isSettled = title && title === before && title !== lastTitle && readyState === "complete";
      if (isSettled || polls > MAX_POLLS) settle();
      else poll(polls + 1, title);
    }, TITLE_POLL_MS);
  };

  const look = (isReplaced?: boolean): void => {
    if (document.hidden) return;
    const path = pathOf(location);
    const isSeen = seen === path;
    if (view && !isSeen && !isReplaced && now() - view.occurred_at > REDIRECT_MS) settle();
    if (isSeen && !view) return;
    seen = path;
    view ??= hold();
    view.page_url = addressOf(config);
    if (!isSeen) poll(1, document.title);
  };

  return {
    settle_: settle,
    /** The view that is held. */
    held_: (): WireEvent | undefined => view,
    /** This page is counted by somebody else. */
    markSeen_(): void {
      seen = pathOf(location);
    },
    /** The page is back from the back-forward cache, and is seen anew. */
    back_(): void {
      seen = lastTitle = undefined;
      if (started) look();
    },
    /** May be called again: to look whether this page was counted. */
    start_(): void {
      if (!started) {
        started = true;
        followAddress(look, withExtra);
        addEventListener("visibilitychange", () => (document.hidden ? settle() : look()));
      }
      look();
    },
  };
};
