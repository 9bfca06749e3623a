import { attempt } from "./attempt.js";
import { globals } from "./globals.js";
import { mayMarket } from "./privacy.js";
import type { Config, Consent, WireEvent } from "./types.js";

/** A vendor's function: `fbq`, `gtag` or `lintrk`. */
type Pixel = ((...args: unknown[]) => void) & Record<string, unknown>;

/** Calls a vendor's function; where the page has none, the attempt fails. */
const tell = (pixel: string, ...args: unknown[]): void =>
  attempt(() => (globals[pixel] as Pixel)(...args));

// As what Meta, Google and LinkedIn, in this order, hear of an event (docs/tracker.md#pixels).
const PAID = "Purchase purchase purchase";
const NAMES: Record<string, string> = {
  page_view: "PageView page_view",
  form_submit: "Lead",
  checkout_start: "InitiateCheckout",
  signup: "CompleteRegistration sign_up signup",
  purchase: PAID,
  subscription_created: PAID,
};

/** Page views are told of; Meta's script would add one of its own for each new address. */
const countsPages = (): unknown =>
  attempt(() => ((globals.fbq as Pixel).disablePushState = true));

/** Tells each pixel that is on the page of the event. */
const firePixels = (event: WireEvent, config: Config): void => {
  const type = event.event_type;
  const [meta, google, linkedin] = NAMES[type]?.split(" ") ?? [];
  const { conversion_value, currency, event_id } = event;
  const money = conversion_value == null ? {} : { value: +conversion_value, currency };
  const order = {
    transaction_id: event.order_id ?? event.stripe_session_id ?? event_id,
    ...money,
  };
  const adsConversion = config.googleAdsConversions?.[type];
  const linkedinConversion = config.linkedinConversions?.[type] ?? linkedin;

  if (meta) {
    countsPages();
    tell("fbq", "track", meta, money, { eventID: event_id });
  }
  if (google)
    tell(
      "gtag",
      "event",
      google,
      google === "purchase"
        ? order
        : type === "signup"
          ? { method: event.metadata?.method ?? "email" }
          : { page_path: location.pathname },
    );
  if (adsConversion) tell("gtag", "event", "conversion", { send_to: adsConversion, ...order });
  if (linkedinConversion) tell("lintrk", "track", { conversion_id: linkedinConversion, event_id });
};

/**
 * Puts a function on the page that keeps calls until the vendor's script replaces it, or
 * reads its queue, loads that script, and makes the first calls. Nothing where the page has
 * the function already. Throws where the page does not let it, as with Trusted Types.
 */
const load = (pixel: string, address: string, queue: unknown, ...calls: unknown[][]): void => {
  if (globals[pixel]) return;
  if (!Array.isArray(queue)) throw Error(pixel + " has no list for its calls");
  const script = document.createElement("script");
  script.src = "https://" + address;
  const stub = function () {
    // Google's script takes `arguments` objects only; an array is something else to it.
    // eslint-disable-next-line prefer-rest-params -- see above
    const args = arguments;
    if (stub.callMethod) (stub.callMethod as Pixel)(...args);
    else queue.push(args);
  } as Pixel;
  // Meta's script wants the other name, _fbq, and all but q; LinkedIn's wants q.
  globals[pixel] = globals["_" + pixel] = Object.assign(stub, {
    push: stub,
    loaded: true,
    version: "2.0",
    queue,
    q: queue,
  });
  if (pixel === "fbq") countsPages();
  document.head.append(script);
  calls.forEach((args) => stub(...args));
};

const PIXELS: ((config: Config) => void)[] = [
  ({ metaPixelId }) => {
    if (metaPixelId)
      load("fbq", "connect.facebook.net/en_US/fbevents.js", [], ["init", metaPixelId]);
  },
  ({ googleTagIds }) => {
    if (googleTagIds)
      load(
        "gtag",
        "www.googletagmanager.com/gtag/js?id=" + googleTagIds.split(",")[0],
        (globals.dataLayer ??= []),
        ["js", new Date()],
        // We tell of page views; without this Google would count each twice.
        ...googleTagIds.split(",").map((id) => ["config", id, { send_page_view: false }]),
      );
  },
  ({ linkedinPartnerId }) => {
    if (!linkedinPartnerId) return;
    globals._linkedin_data_partner_ids = [linkedinPartnerId];
    load("lintrk", "snap.licdn.com/li.lms-analytics/insight.min.js", []);
  },
];

/**
 * Loads each pixel that has an id and is not on the page yet, where the page wants that; then
 * tells those that are there of the event. What goes wrong costs a pixel, and a line in the
 * console.
 */
export const tellPixels = (config: Config, consent: Consent, event?: WireEvent): void => {
  if (!mayMarket(config, consent)) return;
  if (config.loadPixels) PIXELS.forEach((load) => attempt(() => load(config), "pixel"));
  if (event) attempt(() => firePixels(event, config));
};
