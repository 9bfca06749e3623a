import { globals } from "./globals.js";
import { createTracker, type RunningTracker } from "./tracker.js";
import type { Call, Config } from "./types.js";

/**
 * The one place where a page keeps its tracker: the script, the module and the hooks meet
 * here, also when a bundle holds the module twice. Before there is a tracker it is a list of
 * calls, which the tracker makes up for.
 */
export type PageWindow = Window & { conversionTracking?: Call[] | RunningTracker };

/** Gives the page its tracker, unless it has one. */
export const startTracker = (config: Config): void => {
  const start = (): void => {
    const noted = globals.conversionTracking;
    if ((noted as RunningTracker | undefined)?.trackEvent) return;
    const tracker = (globals.conversionTracking = createTracker(config));
    (noted as Call[] | undefined)?.forEach(tracker.push);
  };
  // A prerendered page has a copy of the session, which the browser throws away when it shows
  // the page; and it may never be shown.
  if ((document as { prerendering?: boolean }).prerendering)
    document.addEventListener("prerenderingchange", start);
  else start();
};
