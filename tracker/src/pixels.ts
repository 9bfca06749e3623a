import { attempt } from "./attempt.js";
import type { Config, WireEvent } from "./types.js";

/** A vendor's function: `fbq`, `gtag` or `lintrk`. */
type Pixel = ((...args: unknown[]) => void) & Record<string, unknown>;

// Not window: this module may be read on a server.
const page = globalThis as unknown as Record<string, unknown>;

/** Calls a vendor's function where the page has it. */
const tell = (pixel: string, ...args: unknown[]): void =>
  attempt(() => (page[pixel] as Pixel | undefined)?.(...args));

// Which event Meta, Google and LinkedIn hear of, and as what (the specification's table).
type Names = [meta: string, google?: string, linkedin?: string];
const PAID: Names = ["Purchase", "purchase", "purchase"];
const NAMES: Record<string, Names> = {
  page_view: ["PageView", "page_view"],
  form_submit: ["Lead"],
  signup: ["CompleteRegistration", "sign_up", "signup"],
  checkout_start: ["InitiateCheckout"],
  purchase: PAID,
  subscription_created: PAID,
};

/** Tells each pixel that is on the page of the event. */
export const firePixels = (event: WireEvent, config: Config): void => {
  const type = event.event_type;
  const [meta, google, linkedin] = NAMES[type] ?? [];
  const { conversion_value, currency, event_id } = event;
  const money = conversion_value == null ? {} : { value: +conversion_value, currency };
  const order = {
    transaction_id: event.order_id ?? event.stripe_session_id ?? event_id,
    ...money,
  };
  const adsConversion = config.googleAdsConversions?.[type];
  const linkedinConversion = config.linkedinConversions?.[type] ?? linkedin;

  if (meta) tell("fbq", "track", meta, money, { eventID: event_id });
  if (google)
    tell(
      "gtag",
      "event",
      google,
      google === "purchase"
        ? order
        : google === "sign_up"
          ? { method: event.metadata?.method ?? "email" }
          : { page_path: location.pathname },
    );
  if (adsConversion) tell("gtag", "event", "conversion", { send_to: adsConversion, ...order });
  if (linkedinConversion) tell("lintrk", "track", { conversion_id: linkedinConversion });
};

/**
 * Puts a function on the page that keeps calls until the vendor's script replaces it, or
 * reads its queue, and loads that script. False where the page has the function already.
 */
const load = (pixel: string, address: string, queue: unknown = []): boolean => {
  if (page[pixel]) return false;
  const stub = function () {
    // Google's script takes `arguments` objects only; an array is something else to it.
    // eslint-disable-next-line prefer-rest-params -- see above
    const args = arguments;
    if (stub.callMethod) (stub.callMethod as Pixel)(...args);
    else (queue as unknown[]).push(args);
  } as Pixel;
  // Meta's script wants all but q, LinkedIn's wants q.
  page[pixel] = Object.assign(stub, { push: stub, loaded: true, version: "2.0", queue, q: queue });
  const script = document.createElement("script");
  script.src = "https://" + address;
  document.head.append(script);
  return true;
};

/** Loads each pixel that has an id and is not on the page yet. */
export const loadPixels = ({ metaPixelId, googleTagIds, linkedinPartnerId }: Config): void => {
  if (metaPixelId && load("fbq", "connect.facebook.net/en_US/fbevents.js")) {
    page._fbq = page.fbq;
    tell("fbq", "init", metaPixelId);
  }
  const tags = googleTagIds?.split(",") ?? [];
  if (tags[0] && load("gtag", "www.googletagmanager.com/gtag/js?id=" + tags[0], page.dataLayer ??= [])) {
    tell("gtag", "js", new Date());
    // firePixels tells of page views; without this Google would count each twice.
    tags.forEach((id) => {
      tell("gtag", "config", id, { send_page_view: false });
    });
  }
  if (linkedinPartnerId) {
    page._linkedin_data_partner_ids = [linkedinPartnerId];
    load("lintrk", "snap.licdn.com/li.lms-analytics/insight.min.js");
  }
};
