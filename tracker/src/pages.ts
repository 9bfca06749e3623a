import { attempt } from "./attempt.js";

// Routers change the address first and the title a moment later.
const TITLE_DELAY_MS = 100;

/**
 * Calls `view` once for each page that a visitor sees: now, after client-side navigation to
 * another path, and when a page comes back from the back-forward cache. A page that was
 * opened in the background counts when it becomes visible.
 */
export const createPages = (view: () => void) => {
  // A path. Not the query: filters, sorting and the removal of campaign parameters are no new page.
  let seen = "";
  let started = false;

  const look = (): void => {
    if (document.hidden || seen === location.pathname) return;
    seen = location.pathname;
    view();
  };
  const lookSoon = (): void => void setTimeout(look, TITLE_DELAY_MS);

  const wrap = (method: "pushState" | "replaceState"): void => {
    const original = history[method];
    history[method] = (...args) => {
      original.apply(history, args);
      lookSoon();
    };
  };

  return {
    /** This page was counted by somebody else. */
    markSeen_(): void {
      seen = location.pathname;
    },
    /** May be called again: to look whether this page was counted. */
    start_(): void {
      if (!started) {
        started = true;
        // A page may have frozen its history.
        attempt(() => {
          wrap("pushState");
          wrap("replaceState");
        });
        addEventListener("popstate", lookSoon);
        addEventListener("visibilitychange", look);
        addEventListener("pageshow", ({ persisted }) => {
          if (persisted) seen = "";
          look();
        });
      }
      look();
    },
  };
};
