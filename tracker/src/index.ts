import { startTracker, type PageWindow } from "./page.js";
import type { Call, Config, Tracked, Tracker } from "./types.js";

export type {
  Call,
  Config,
  Consent,
  EventFields,
  Money,
  Tracked,
  Tracker,
  WireEvent,
} from "./types.js";

/**
 * Starts the page's tracker. Calls before it are kept and made up for; a second call changes
 * nothing. On a server it does nothing.
 */
export const init = (config: Config): void => {
  if (typeof window !== "undefined") startTracker(config);
};

const call = <Name extends keyof Tracker>(name: Name): Tracker[Name] =>
  (async (...args: Parameters<Tracker[Name]>): Tracked => {
    if (typeof window === "undefined") return undefined;
    const page = window as PageWindow;
    const tracker = (page.conversionTracking ??= []);
    const noted = [name, ...args] as unknown as Call;
    if ("trackEvent" in tracker) return tracker.push(noted);
    tracker.push(noted);
    return undefined;
  }) as Tracker[Name];

export const trackPageView = call("trackPageView");
export const trackEvent = call("trackEvent");
export const trackFormSubmit = call("trackFormSubmit");
export const trackSignup = call("trackSignup");
export const trackCheckoutStart = call("trackCheckoutStart");
export const trackCheckoutComplete = call("trackCheckoutComplete");
export const trackPurchase = call("trackPurchase");
export const identify = call("identify");
export const setConsent = call("setConsent");
export const startPageViews = call("startPageViews");
