import { readForm } from "./forms.js";
import { countable, mayMarket } from "./privacy.js";
import type { Config, Consent, WireEvent } from "./types.js";
import { vendorIds } from "./vendor_ids.js";

/**
 * An event as it goes, with what the visitor was heard to consent to: of one of whom everything may
 * be sent (`full`) with what is known beside the call, else only with what may be counted.
 */
export const finish = (
  event: WireEvent,
  full: boolean,
  config: Config,
  consent: Consent,
  visitorId: () => string | undefined,
  note: (...about: unknown[]) => void,
): WireEvent | null | undefined => {
  if (Object.keys(consent)[0]) event = { consent: { ...consent }, ...event };
  return full
    ? {
        ...event,
        ...vendorIds(config, event, mayMarket(config, consent)),
        form_data: event.form_data && (readForm(event.form_data, note) as WireEvent["form_data"]),
        visitor_id: config.visitorId && consent.analytics ? visitorId() : null,
      }
    : countable(event);
};
