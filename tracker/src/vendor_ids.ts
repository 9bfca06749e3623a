/** What is for vendors: ids that their own scripts keep in cookies, and who a customer is. */
import { attempt } from "./attempt.js";
import type { Config, WireEvent } from "./types.js";

// A sandboxed frame may not read cookies; without this one there is no match.
const cookie = (pattern: string): string | undefined =>
  attempt(() => document.cookie.match("\\b" + pattern)![1]);

/**
 * For an event: `_ga` is GA1.<depth>.<client id>; `_ga_<stream>` is GS1.1.<session id>... or
 * GS2.1.s<...>. Meta's, and `user_data`, only where the visitor may be `marketed` to.
 */
export const vendorIds = (config: Config, event: WireEvent, marketed: boolean) => ({
  ga_session_id: cookie("_ga_\\w+=GS....s?(\\d+)"),
  ga_client_id: cookie("_ga=GA....([\\d.]+)"),
  linkedin_partner_id: config.linkedinPartnerId,
  fb_pixel_id: config.metaPixelId,
  fb_event_id: event.event_id,
  user_data: marketed ? event.user_data : null,
  metadata: {
    ...event.metadata,
    ...(marketed && { fbp: cookie("_fbp=([^;]+)"), fbc: cookie("_fbc=([^;]+)") }),
  },
});
