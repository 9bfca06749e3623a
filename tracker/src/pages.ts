import { attempt } from "./attempt.js";

// Routers change the address first and the title a moment later.
const TITLE_DELAY_MS = 100;

/**
 * Calls `view` once for each page that a visitor sees: now, after client-side navigation to
 * another path, and when a page comes back from the back-forward cache. A page that was
 * opened in the background counts when it becomes visible. `view` marks the page as seen.
 */
export const createPages = (view: () => void) => {
  // A path. Not the query: filters, sorting and the removal of campaign parameters are no new page.
  let seen = "";
  let started: boolean | undefined;

  const look = (): void => {
    if (document.hidden || seen === location.pathname) return;
    view();
  };
  const lookSoon = (): unknown => setTimeout(look, TITLE_DELAY_MS);

  const wrap = (method: "pushState" | "replaceState"): void => {
    const original = history[method];
    history[method] = (...args) => {
      original.apply(history, args);
      lookSoon();
    };
  };

  return {
    /** This page is counted, for `view` or for somebody else. */
    markSeen_(): void {
      seen = location.pathname;
    },
    /** May be called again: to look whether this page was counted. */
    start_(): void {
      if (!started) {
        started = true;
        // A page may have frozen its history.
        attempt(() => (["pushState", "replaceState"] as const).forEach(wrap));
        addEventListener("popstate", lookSoon);
        addEventListener("visibilitychange", look);
        addEventListener("pageshow", (event) => {
          if (event.persisted) seen = "";
          look();
        });
      }
      look();
    },
  };
};
