import { detailsOf } from "./details.js";
import { countable } from "./privacy.js";
import type { Config, Consent, WireEvent } from "./types.js";

/**
 * An event as it goes: of a visitor of whom everything may be sent (`full`) with what is known
 * beside the call, else only with what may be counted.
 */
export const finish = (
  whole: WireEvent,
  noted: WireEvent,
  full: boolean,
  config: Config,
  consent: Consent,
  visitorId: () => string | undefined,
  note: (...about: unknown[]) => void,
): WireEvent | null | undefined =>
  full ? { ...whole, ...detailsOf(noted, config, consent, visitorId, note) } : countable(whole);
