import { readForm } from "./forms.js";
import { mayMarket } from "./privacy.js";
import type { Config, Consent, WireEvent } from "./types.js";
import { vendorIds } from "./vendor_ids.js";

/** What is known beside an event of a visitor of whom everything may be sent. */
export const detailsOf = (
  event: WireEvent,
  config: Config,
  consent: Consent,
  visitorId: () => string | undefined,
  note: (...about: unknown[]) => void,
): Partial<WireEvent> => ({
  ...vendorIds(config, event, mayMarket(config, consent)),
  form_data: event.form_data && (readForm(event.form_data, note) as WireEvent["form_data"]),
  visitor_id: config.visitorId && consent.analytics ? visitorId() : null,
});
