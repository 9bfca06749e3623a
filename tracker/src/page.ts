import { attempt } from "./attempt.js";
import type { RunningTracker } from "./calls.js";
import { checkConfig } from "./config.js";
import { globals } from "./globals.js";
import type { TellPixels } from "./pixels_of_page.js";
import { createTracker } from "./tracker.js";
import type { Config } from "./types.js";

/**
 * The one place where a page keeps its tracker: the script, the module and the hooks meet
 * here, also when a bundle holds the module twice. Before there is a tracker it is a list of
 * calls, which the tracker makes up for.
 */
export type PageWindow = Window & { conversionTracking?: unknown[] | RunningTracker };

const running = (): RunningTracker | undefined => {
  const tracker = globals.conversionTracking as RunningTracker | undefined;
  return tracker?.trackEvent && tracker;
};

/** What the page noted. Something else may have the name, such as an element with it as its id. */
const notedCalls = (): unknown[] => {
  const noted = globals.conversionTracking;
  return Array.isArray(noted) ? noted : [];
};

const start = (settings: Config, tellPixels: TellPixels): void => {
  if (running()) return;
  const config = checkConfig(settings);
  if (!config) return;
  const noted = notedCalls();
  const tracker = (globals.conversionTracking = createTracker(config, tellPixels));
  void tracker.push(...noted);
};

/** Gives the page its tracker, unless it has one. Never throws. */
export const startTracker = (config: Config, tellPixels: TellPixels): void => {
  const guarded = () => attempt(() => start(config, tellPixels), "init");
  // A prerendered page has a copy of the session, which the browser throws away when it shows
  // the page; and it may never be shown.
  if ((document as { prerendering?: boolean }).prerendering)
    document.addEventListener("prerenderingchange", guarded);
  else guarded();
};

/** Calls the page's tracker, or notes the call for it. */
export const callTracker = (...call: unknown[]): unknown => {
  const tracker = running();
  if (tracker) return tracker.push(call);
  const noted = (globals.conversionTracking = notedCalls());
  noted.push(call);
};
