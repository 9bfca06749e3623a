/** What t.auto.js loads where the tag has `data-follow-consent`, as `t.consent.js` beside it. */
import { consentMode, followConsent, gpc, tcf } from "./consent.js";
import { complain } from "./console.js";
import { callTracker } from "./page.js";
import type { ConsentSource } from "./types.js";

const SOURCES: Record<string, (options?: object) => ConsentSource> = {
  tcf,
  "consent-mode": consentMode,
  gpc,
};

const sayNone = (name: string): [] => {
  complain(`there is no consent from ${name || "an empty name"}`);
  return [];
};

/** Names with commas, or an object: name to options. */
const readSources = (said: unknown): [name: string, options?: object][] => {
  if (typeof said === "object") return Object.entries(said as Record<string, object>);
  // Of an object in JSON nothing but the text is here where it cannot be read.
  if (String(said).startsWith("{")) {
    complain(`data-follow-consent is no JSON: ${said}`);
    return [];
  }
  return typeof said === "string" ? said.split(",").map((name) => [name.trim()]) : [];
};

/** Where only a refusal is asked for, all else is allowed. */
const allowed: ConsentSource = (tell) => {
  tell({ analytics: true, marketing: true });
  return () => {};
};

/** Has the page's tracker follow what the attribute names; where that is nothing, events wait. */
export const follow = (said: unknown): void => {
  const named = readSources(said);
  const sources = named.flatMap(([name, options]) => SOURCES[name]?.({ ...options }) ?? sayNone(name));
  if (named.length && named.every(([name]) => name === "gpc")) sources.push(allowed);
  followConsent(
    (change) => void callTracker("setConsent", change),
    ...sources,
  );
};
