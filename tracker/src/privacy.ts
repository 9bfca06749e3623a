import { withoutQuery } from "./redact.js";
import type { Config, Consent, WireEvent } from "./types.js";

/** What may be done with an event. Of consent and the browser's signal the lower one wins. */
export const WAIT = -1; // nobody has decided yet: it is kept in memory
export const NOTHING = 0;
export const COUNT = 1; // sent without what tells visitors apart; nothing is stored here
export const EVERYTHING = 2;

/** Of visitors whose browser sends Global Privacy Control or Do Not Track. */
export const allowedBySignal = (config: Config): number => {
  const browser = navigator as Navigator & { globalPrivacyControl?: boolean; doNotTrack?: string };
  // "1" is yes, "0" no; "unspecified" is no number.
  const signal = browser.globalPrivacyControl || (browser.doNotTrack as unknown as number) > 0;
  if (!signal) return EVERYTHING;
  return { off: NOTHING, on: EVERYTHING }[config.privacySignal as "on"] ?? COUNT;
};

export const allowedByConsent = (config: Config, { analytics }: Consent): number => {
  if (analytics) return EVERYTHING;
  if (config.consent === "count") return COUNT;
  if (analytics === false) return NOTHING;
  return config.consent ? WAIT : EVERYTHING;
};

// What tells no visitors apart. The id of an order does, and so do Stripe's.
const COUNTED =
  /^(event_|page_|session_|sequence|occurred|utm_p|referrer|conversion_v|currency|device|browser|os$)/;

/** The event without anything else, and its addresses without their queries. */
export const countable = (event: WireEvent): WireEvent => ({
  ...(Object.fromEntries(
    Object.entries(event).filter(([name]) => COUNTED.test(name)),
  ) as unknown as WireEvent),
  page_url: withoutQuery(event.page_url),
  referrer: withoutQuery(event.referrer!),
});
