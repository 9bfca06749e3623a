/** What may be sent of a visitor, and what of an event. */
import { attempt } from "./attempt.js";
import { withoutQuery } from "./attribution.js";
import { complain } from "./console.js";
import { COUNT, EVERYTHING, NOTHING, WAIT } from "./levels.js";
import type { Config, Consent, WireEvent } from "./types.js";

/** By the browser: one that a program drives, or that sends Global Privacy Control or Do Not Track. */
const allowedBySignal = (config: Config): number => {
  const browser = navigator as Navigator & { globalPrivacyControl?: boolean; doNotTrack?: string };
  if (browser.webdriver && !config.automation) return NOTHING;
  // "1" is yes, "0" no; "unspecified" is no number.
  const signal = browser.globalPrivacyControl || (browser.doNotTrack as unknown as number) > 0;
  if (!signal) return EVERYTHING;
  return { off: NOTHING, on: EVERYTHING }[config.privacySignal as "on"] ?? COUNT;
};

const allowedByConsent = (config: Config, { analytics }: Consent): number => {
  if (analytics) return EVERYTHING;
  if (config.consent === "count") return COUNT;
  if (analytics === false) return NOTHING;
  return config.consent ? WAIT : EVERYTHING;
};

/** Whether the visitor is not to be counted at all: `?ct_ignore=1` says so once for all pages. */
const isIgnored = (): unknown => {
  const [, said] = location.search.match(/\bct_ignore=(\d)/) ?? [];
  if (said) localStorage.ct_ignore = +said || "";
  return localStorage.ct_ignore;
};

/** Of consent and the browser's signal the lower one wins. */
export const mayTrack = (config: Config, consent: Consent): number =>
  attempt(isIgnored)
    ? NOTHING
    : Math.min(allowedBySignal(config), allowedByConsent(config, consent));

export const mayMarket = (config: Config, consent: Consent): boolean =>
  allowedBySignal(config) > COUNT && (consent.marketing ?? !config.consent);

/** What can be of a change of consent; the console says what cannot. */
export const changeConsent = (consent: Consent, change: unknown): void => {
  for (const [name, value] of Object.entries<unknown>({ ...(change ?? { change }) }))
    if (/^(analytics|marketing)$/.test(name) && typeof value === "boolean")
      consent[name as "analytics"] = value;
    else if (value !== undefined || !change)
      complain("setConsent takes { analytics, marketing }: booleans");
};

// What tells no visitors apart. The id of an order does, and so do Stripe's and `user_data`.
const COUNTED =
  /^(event_|page_|session_|sequence|occurred|utm_p|referrer|conversion_v|currency|device|browser|os$|consent)/;

/** The event without anything else, and its addresses without their queries. */
export const countable = (event: WireEvent): WireEvent => ({
  ...(Object.fromEntries(
    Object.entries(event).filter(([name]) => COUNTED.test(name)),
  ) as unknown as WireEvent),
  page_url: withoutQuery(event.page_url),
  referrer: withoutQuery(event.referrer!),
});
