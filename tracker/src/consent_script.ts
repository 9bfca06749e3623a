/** What t.extra.js loads where the tag has `data-follow-consent`, as `t.consent.js` beside it. */
import { readJson } from "./attempt.js";
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

/** Names with commas, or an object in JSON: name to options. */
const readSources = (text: string): [name: string, options?: object][] => {
  if (!text.startsWith("{")) return text.split(",").map((name) => [name.trim()]);
  const named = readJson(text);
  if (!named) complain(`data-follow-consent is no JSON: ${text}`);
  return Object.entries((named ?? {}) as Record<string, object>);
};

/** Where only a refusal is asked for, all else is allowed. */
const allowed: ConsentSource = (tell) => {
  tell({ analytics: true, marketing: true });
  return () => {};
};

/** Has the page's tracker follow what the attribute names; where that is nothing, events wait. */
export const follow = (text: string): void => {
  const named = readSources(text);
  const sources = named.flatMap(([name, options]) => SOURCES[name]?.({ ...options }) ?? sayNone(name));
  if (named.length && named.every(([name]) => name === "gpc")) sources.push(allowed);
  followConsent(
    (change) => void callTracker("setConsent", change),
    ...sources,
  );
};
