import { readAttribution } from "./attribution.js";
import { uuidv7 } from "./uuid.js";
import { attempt } from "./attempt.js";
import { createPages } from "./pages.js";
import { readDevice } from "./device.js";
import { firePixels, loadPixels } from "./pixels.js";
import type { Call, Config, Consent, EventFields, Tracked, Tracker, WireEvent } from "./types.js";
import { createQueue } from "./queue.js";
import { createSessions, type Landing } from "./session.js";
import { openStorage } from "./storage.js";
import { allowedByConsent, allowedBySignal, EVERYTHING, NOTHING, WAIT } from "./privacy.js";
import { createDelivery } from "./delivery.js";
import { gaIds, metaIds } from "./vendor_ids.js";
import { redactForm, redactUrl, withoutQuery } from "./redact.js";

const MAX_WAITING = 100;

/** A tracker that takes calls as lists, too: those noted before it was there. */
export type RunningTracker = Tracker & { push(call: Call): Tracked };

/** Where the visit came from, if it began with this page. */
const readLanding = (): Landing => ({
  ...readAttribution(location.search),
  referrer: document.referrer && redactUrl(document.referrer),
});

/** The tracker of a page; there should be one. */
export const createTracker = (config: Config): RunningTracker => {
  const note = (...about: unknown[]): void => {
    if (config.debug) console.log("conversionTracking", ...about);
  };
  const disk = openStorage("localStorage");
  const delivery = createDelivery(config, createQueue(disk, note), disk, note);
  const sessions = createSessions(
    config.sessionKey ?? "ct_session_id",
    readLanding(),
  );
  const bySignal = navigator.webdriver && !config.automation ? NOTHING : allowedBySignal(config);
  const waiting: WireEvent[] = [];
  const consent: Consent = {};

  const mayTrack = (): number => Math.min(bySignal, allowedByConsent(config, consent));
  const mayMarket = (): boolean =>
    bySignal === EVERYTHING && (consent.marketing ?? !config.consent);

  /** The event with all that is known beside it, or without what tells visitors apart. */
  const complete = (event: WireEvent, full: boolean): WireEvent => {
    return {
      ...event,
      ...readDevice(navigator),
      ...sessions.next_(full, full ? event.user_id : null),
      fb_pixel_id: config.metaPixelId,
      linkedin_partner_id: config.linkedinPartnerId,
      ...(full
        ? {
            ...gaIds(),
            visitor_id:
              config.visitorId && consent.analytics
                ? attempt(() => (disk.ct_visitor_id ??= uuidv7()))
                : null,
            metadata: { ...event.metadata, ...(mayMarket() && metaIds()) },
          }
        : {
            page_url: withoutQuery(event.page_url),
            referrer: withoutQuery(document.referrer),
            click_ids: null,
            google_ads_click_id: null,
            form_data: null,
            metadata: null,
          }),
    };
  };

  const admit = (noted: WireEvent): void => {
    const level = mayTrack();
    if (level === WAIT) {
      if (waiting.push(noted) > MAX_WAITING) waiting.shift();
      return note("queued", noted);
    }
    const full = level === EVERYTHING;
    const event = level && complete(noted, full);
    const last = event && config.beforeSend ? config.beforeSend(event) : event;
    if (!last) return note("dropped", noted);
    note("queued", last);
    delivery.add_(last.event_id, JSON.stringify(last), full);
    if (mayMarket()) firePixels(last, config);
  };

  // Asynchronous only in its answer: the event is in the queue when this returns.
  const track = async (type: string, name = type, fields: EventFields = {}): Tracked =>
    attempt(() => {
      const id = uuidv7();
      admit({
        page_url: redactUrl(location.href),
        page_title: document.title,
        currency: config.currency ?? "USD",
        ...fields,
        event_type: type,
        event_name: name,
        event_id: id,
        fb_event_id: id,
        occurred_at: Date.now(),
      });
      return id;
    });

  const checkout =
    (type: string) =>
    (value: number | string, stripeSessionId?: string, userId?: string, fields?: EventFields) =>
      track(type, type, {
        conversion_value: value,
        stripe_session_id: stripeSessionId,
        user_id: userId,
        ...fields,
      });

  const pages = createPages(() => void api.trackPageView());

  const api: RunningTracker = {
    push: ([name, ...args]) => (api[name] as (...args: unknown[]) => Tracked)(...args),
    trackPageView(fields) {
      pages.markSeen_();
      return track("page_view", undefined, fields);
    },
    trackEvent: track,
    trackFormSubmit: (formName, data = {}) =>
      track("form_submit", formName, {
        // Data that is no JSON (a circle, a DOM node) is left out, not the event.
        form_data: attempt(() => redactForm(data, (name) => note("dropped", name))),
      }),
    trackSignup: (method, userId, fields) =>
      track("signup", undefined, { user_id: userId, metadata: { method }, ...fields }),
    trackCheckoutStart: checkout("checkout_start"),
    trackCheckoutComplete: checkout("checkout_complete"),
    trackPurchase: checkout("purchase"),
    identify: (userId) => track("identify", undefined, { user_id: userId }),
    setConsent(change) {
      Object.assign(consent, change);
      if (change.analytics === false) {
        sessions.forget_();
        delivery.forget_();
      }
      waiting.splice(0).forEach(admit);
      begin();
    },
    startPageViews: pages.start_,
  };

  /** What consent, or no need of it, lets begin. */
  const begin = (): void => {
    if (config.loadPixels && mayMarket()) loadPixels(config);
    if (mayTrack() === EVERYTHING) void delivery.flush_();
  };

  addEventListener("pagehide", () => attempt(delivery.leave_));
  addEventListener("pageshow", delivery.comeBack_);
  addEventListener("online", delivery.retry_);
  begin();
  if (!config.manualPageViews) api.startPageViews();
  return api;
};
