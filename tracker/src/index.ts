import { callTracker, startTracker } from "./page.js";
import * as extra from "./extra_module.js";
import type { Config, Tracked, Tracker } from "./types.js";

export type {
  Call,
  Config,
  Consent,
  ConsentSignals,
  EventFields,
  Money,
  Tracked,
  Tracker,
  UserData,
  WireEvent,
} from "./types.js";

/**
 * Starts the page's tracker. Calls before it are kept and made up for; a second call changes
 * nothing. On a server it does nothing.
 */
export const init = (config: Config): void => {
  if (typeof window === "undefined") return;
  const checked = { ...config };
  extra.checkConfig(checked);
  startTracker(checked, (use) => use(extra));
};

/** An address without the values of parameters that are named like secrets or persons. */
export const redactUrl = (address: string): string => extra.redactUrl(address);

const call = <Name extends keyof Tracker>(name: Name): Tracker[Name] =>
  (async (...args: Parameters<Tracker[Name]>): Tracked =>
    typeof window === "undefined"
      ? undefined
      : (callTracker(name, ...args) as Tracked)) as Tracker[Name];

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
