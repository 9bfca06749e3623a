import { attempt } from "./attempt.js";
import { isList, type RunningTracker } from "./calls.js";
import { complain } from "./console.js";
import { globals, takesFunctions } from "./globals.js";
import type { Extra, WithExtra } from "./extra_of_page.js";
import { createTracker } from "./tracker.js";
import type { Config } from "./types.js";

/**
 * The one place where a page keeps its tracker: the script, the module and the hooks meet
 * here, also when a bundle holds the module twice. Before there is a tracker it is a list of
 * calls, which the tracker makes up for.
 */
export type PageWindow = Window & { conversionTracking?: unknown[] | RunningTracker };

const onPage = (): RunningTracker | undefined => globals.conversionTracking as RunningTracker;

/** What the page noted. Something else may have the name, such as an element with it as its id. */
const notedCalls = (): unknown[] => {
  const noted: unknown = onPage();
  return Array.isArray(noted) ? noted : [];
};

/** Whether a program drives the browser, or the visitor wants privacy. */
const isSignalled = (): boolean | undefined =>
  navigator.webdriver ||
  (navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl ||
  (navigator.doNotTrack as unknown as number) > 0;

/** Gives the page its tracker, unless it has one. Never throws. */
export const startTracker = (config: Config, withExtra: WithExtra): void => {
  const start = (): void => {
    const endpoint = `${config.endpoint}`;
    const [scheme, nothing, host] = endpoint.split("/");
    if (!host || nothing || !"https: http:".includes(scheme!))
      return complain(`no setting can be endpoint: ${endpoint}`);
    config.endpoint = endpoint;
    while (config.endpoint.endsWith("/")) config.endpoint = config.endpoint.slice(0, -1);
    const create = (extra?: Extra): void => {
      if (onPage()?.trackEvent) return;
      const noted = notedCalls();
      const tracker = (globals.conversionTracking = createTracker(config, withExtra, extra));
      void tracker.push(...(extra ? extra.readCalls(noted) : noted));
    };
    // Who sets or signals more than usual is served by the extra, and so is who notes calls so.
    const needsExtra =
      takesFunctions ||
      Object.keys(config)[1] ||
      isSignalled() ||
      !notedCalls().every(isList);
    if (!needsExtra) return create();
    withExtra((extra) => extra?.prepare(config, create, extra));
  };
  const guarded = () => attempt(start, "init");
  // A prerendered page has a copy of the session, which the browser throws away when it shows
  // the page; and it may never be shown.
  if ((document as { prerendering?: boolean }).prerendering)
    document.addEventListener("prerenderingchange", guarded);
  else guarded();
};

/** Calls the page's tracker, or notes the call for it. */
export const callTracker = (...call: unknown[]): unknown => {
  if (onPage()?.trackEvent) return onPage()!.push(call);
  const noted = (globals.conversionTracking = notedCalls());
  noted.push(call);
};
