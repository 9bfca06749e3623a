/** Who a page can ask for what its visitor allows: for `setConsent`, and as `t.consent.js`. */
import type { Consent, ConsentSource } from "./types.js";

export { consentMode, type ConsentModeOptions } from "./consent_mode.js";
export { gpc } from "./consent_gpc.js";
export { tcf, type TcfOptions } from "./consent_tcf.js";
export type { Consent, ConsentSource } from "./types.js";

const KINDS = ["analytics", "marketing"] as const;

/** One no is a no; else one yes is a yes; else nobody has decided. */
const combine = (answers: readonly (boolean | undefined)[]): boolean | undefined =>
  answers.includes(false) ? false : answers.includes(true) || undefined;

/**
 * Calls the tracker's `setConsent` with what the sources say, now and whenever that changes. On a server it does nothing. Returns how to stop it.
 */
export const followConsent = (
  setConsent: (change: Consent) => void,
  ...sources: ConsentSource[]
): (() => void) => {
  if (typeof window === "undefined") return () => {};
  const answers: Consent[] = sources.map(() => ({}));
  const told: Consent = {};
  let started = false;

  const update = (): void => {
    const change: Consent = {};
    for (const kind of KINDS) {
      const allowed = combine(answers.map((answer) => answer[kind]));
      if (allowed !== undefined && allowed !== told[kind]) change[kind] = told[kind] = allowed;
    }
    if (Object.keys(change).length) setConsent(change);
  };

  const stops = sources.map((source, number) =>
    source((answer) => {
      answers[number] = answer;
      // What one source says at once must not be used before the others were asked.
      if (started) update();
    }),
  );
  started = true;
  update();
  return () => stops.forEach((stop) => stop());
};
