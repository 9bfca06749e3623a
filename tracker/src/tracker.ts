import { readLanding, withTagsOf } from "./attribution.js";
import { uuidv7 } from "./uuid.js";
import { openShared } from "./storage.js";
import { redactForm, redactUrl } from "./redact.js";
import { readDevice } from "./device.js";
import type { Config, Consent, EventFields, WireEvent } from "./types.js";
import { allowedByConsent, allowedBySignal, COUNT, countable, NOTHING, WAIT } from "./privacy.js";
import { createDelivery } from "./delivery.js";
import { createSessions } from "./session.js";
import { attempt } from "./attempt.js";
import { complain } from "./console.js";
import { takesFunctions } from "./globals.js";
import { now } from "./clock.js";
import { toPlain } from "./plain.js";
import { guardCalls, type RunningTracker } from "./calls.js";
import { addressOf, createPages } from "./pages.js";
import { createQueue } from "./queue.js";
import { gaIds, metaIds } from "./vendor_ids.js";
import { hasPixels, type TellPixels } from "./pixels_of_page.js";

const MAX_WAITING = 100;

/** The tracker of a page; there should be one. */
export const createTracker = (config: Config, tellPixels: TellPixels): RunningTracker => {
  const note = (...about: unknown[]): void => {
    if (config.debug) console.log("conversionTracking", ...about);
  };
  const shared = openShared(config.endpoint);
  const delivery = createDelivery(config, createQueue(shared, note), shared, note);
  const sessions = createSessions(config, readLanding(), shared);
  const bySignal = navigator.webdriver && !config.automation ? NOTHING : allowedBySignal(config);
  const waiting: WireEvent[] = [];
  const consent: Consent = {};

  const visitorId = (): string | undefined => {
    if (!shared.get_("visitor")) shared.set_("visitor", uuidv7());
    return shared.get_("visitor");
  };

  const mayTrack = (): number => Math.min(bySignal, allowedByConsent(config, consent));
  const mayMarket = (): boolean => bySignal > COUNT && (consent.marketing ?? !config.consent);

  const market = (event?: WireEvent): void => {
    if (mayMarket() && hasPixels(config)) tellPixels(config, event);
  };

  /** The event with all that is known beside it, or only what may be counted without consent. */
  const complete = (event: WireEvent, full: boolean): WireEvent => {
    const session = sessions.next_(full, full ? event.user_id : null);
    const whole: WireEvent = {
      ...event,
      ...readDevice(navigator),
      ...session,
      page_url: withTagsOf(session, redactUrl(event.page_url)),
    };
    return full
      ? {
          ...whole,
          ...gaIds(),
          linkedin_partner_id: config.linkedinPartnerId,
          fb_pixel_id: config.metaPixelId,
          fb_event_id: event.event_id,
          visitor_id: config.visitorId && consent.analytics ? visitorId() : null,
          metadata: { ...event.metadata, ...(mayMarket() && metaIds()) },
        }
      : countable(whole);
  };

  /** The last look of the page at an event; null drops it. */
  const review = (event: WireEvent): WireEvent | null | undefined =>
    attempt(() => {
      const reviewed = config.beforeSend!(event);
      // A promise is no event; and one who forgets to return it would lose all in silence.
      if (reviewed === undefined || (reviewed && "then" in reviewed))
        throw Error("return the event itself, or null to drop it");
      return reviewed;
    }, "beforeSend");

  const admit = (noted: WireEvent): void => {
    const level = mayTrack();
    if (level === WAIT || pages.held_()) {
      if (waiting.push(noted) > MAX_WAITING) waiting.shift();
      return note("queued", noted);
    }
    const full = level > COUNT;
    if (full) shared.allow_();
    const event = level && complete(noted, full);
    const last = takesFunctions && event && config.beforeSend ? review(event) : event;
    if (!last) return note("dropped", noted);
    note("queued", last);
    delivery.add_(noted.event_id, JSON.stringify(toPlain(last)), full);
    market(last);
  };
  const release = (): void => waiting.splice(0).forEach((noted) => attempt(() => admit(noted), "event"));

  const makeEvent = (type: string, fields: EventFields = {}, name = type): WireEvent => {
    if (!type) throw Error("an event needs a type");
    return {
      page_url: addressOf(config),
      page_title: document.title,
      currency: config.currency ?? "USD",
      ...fields,
      event_type: String(type),
      event_name: String(name),
      event_id: uuidv7(),
      occurred_at: now(),
    };
  };

  const track = (type: string, fields?: EventFields, name?: string, known?: EventFields): string => {
    const event = makeEvent(type, { ...known, ...(toPlain(fields) as EventFields) }, name);
    const value = event.conversion_value;
    if (value != null && !(+value >= 0)) complain(`${type}: ${value} is no amount`);
    admit(event);
    return event.event_id;
  };

  const checkout =
    (type: string) =>
    (value: number | string, stripeSessionId?: string, userId?: string, fields?: EventFields) =>
      track(type, fields, type, {
        user_id: userId,
        conversion_value: value,
        stripe_session_id: stripeSessionId,
      });

  const setConsent = (change: Consent): void => {
    Object.entries(change ?? { change: null }).forEach(([name, value]) => {
      if (/^(analytics|marketing)$/.test(name) && typeof value === "boolean")
        consent[name as "analytics"] = value;
      else if (value !== undefined)
        complain("setConsent takes { analytics, marketing }, each true or false");
    });
    if (change?.analytics === false) {
      sessions.forget_();
      delivery.forget_();
    }
    release();
    begin();
  };

  const pages = createPages(
    config,
    () => {
      const view = makeEvent("page_view");
      waiting.push(view);
      return view;
    },
    release,
  );

  // Each returns at once, with the event in the queue.
  const api = guardCalls({
    trackPageView(fields) {
      // This page may be held already; what the call knows is of it, or of another address.
      const held = pages.held_();
      const isOfHeld = held && !fields?.page_url;
      pages.settle_(isOfHeld ? (toPlain(fields) as EventFields) : {});
      pages.markSeen_();
      return isOfHeld ? held.event_id : track("page_view", fields);
    },
    trackEvent: (type, name, fields) => track(type, fields, name),
    trackFormSubmit: (formName, data) =>
      track("form_submit", {}, formName, {
        form_data: redactForm(data, note) as EventFields["form_data"],
      }),
    trackSignup: (method, userId, fields) =>
      track("signup", fields, "signup", { user_id: userId, metadata: { method } }),
    trackCheckoutStart: checkout("checkout_start"),
    trackCheckoutComplete: checkout("checkout_complete"),
    trackPurchase: checkout("purchase"),
    identify: (userId) => track("identify", { user_id: userId }),
    setConsent,
    startPageViews: pages.start_,
  });

  /** What consent, or no need of it, lets begin. */
  const begin = (): void => {
    market();
    if (mayTrack() > COUNT) {
      shared.allow_();
      delivery.resume_();
    }
  };

  addEventListener("pagehide", () => {
    pages.settle_();
    attempt(delivery.leave_);
  });
  addEventListener("pageshow", delivery.resume_);
  addEventListener("online", delivery.resume_);
  begin();
  if (!config.manualPageViews) pages.start_();
  return api;
};
