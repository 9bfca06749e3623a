import { complain } from "./console.js";
import { toPlain } from "./plain.js";
import { isDoubtful, readLanding, withoutHash, withoutQuery, withTagsOf } from "./attribution.js";
import type { Config, Consent, EventFields, WireEvent } from "./types.js";
import { addressOf, createPages } from "./pages.js";
import { now } from "./clock.js";
import { uuidv7 } from "./uuid.js";
import { COUNT, EVERYTHING, WAIT } from "./levels.js";
import { createQueue } from "./queue.js";
import { createSessions } from "./session.js";
import { createDelivery } from "./delivery.js";
import { openShared } from "./storage.js";
import { guardCalls, type RunningTracker } from "./calls.js";
import { noteForm } from "./noted_form.js";
import { needsExtra, type Extra, type WithExtra } from "./extra_of_page.js";
import { attempt } from "./attempt.js";

const MAX_WAITING = 100;
const LEFT_BEHIND_MS = 2000;

/** The tracker of a page; there should be one. `extra` is there, or comes where it is needed. */
export const createTracker = (
  config: Config,
  withExtra: WithExtra,
  extra?: Extra,
): RunningTracker => {
  const note = (...about: unknown[]): void => {
    if (config.debug) console.log("conversionTracking", ...about);
  };
  const shared = openShared(config.endpoint);
  const delivery = createDelivery(config, createQueue(shared), shared, note);
  const landing = readLanding();
  const sessions = createSessions(config, landing, shared);
  const waiting: WireEvent[] = [];
  const consent: Consent = {};
  // Events wait for the extra; all that come after a call about consent wait for what it says.
  let asked: unknown = extra;
  let pending: boolean | undefined;
  let undecided: boolean | undefined;

  const ask = (work?: (extra: Extra) => void): void => {
    if (extra) return work?.(extra);
    asked = pending = true;
    withExtra((loaded) => {
      extra = loaded;
      pending = false;
      if (loaded) work?.(loaded);
      market();
      release();
    });
  };

  const mayTrack = (): number =>
    extra ? extra.mayTrack(config, consent) : undecided ? WAIT : EVERYTHING;

  const market = (event?: WireEvent): void => extra?.tellPixels(config, consent, event);

  /** An address without what must not be sent; where nobody can say what that is, without its query. */
  const clean = (address: string): string =>
    extra ? extra.redactUrl(address) : isDoubtful(address) ? withoutQuery(address) : address;

  const visitorId = () =>
    (shared.get_("visitor") ?? shared.set_("visitor", uuidv7())) as string | undefined;

  /** The event with all that is known beside it, or only what may be counted without consent. */
  const complete = (event: WireEvent, full: boolean): WireEvent | null | undefined => {
    landing.touch_.referrer = clean(landing.touch_.referrer);
    const session = sessions.next_(full, full ? event.user_id : null);
    const whole: WireEvent = {
      ...event,
      ...extra?.readDevice(navigator),
      ...session,
      page_url: withTagsOf(session, clean(withoutHash(event.page_url))),
    };
    return extra
      ? extra.finish(whole, full, config, consent, visitorId, note)
      : { ...whole, form_data: null };
  };

  const admit = (noted: WireEvent): void => {
    const level = mayTrack();
    if (!asked && needsExtra(noted, landing.touch_.referrer)) ask();
    if (level === WAIT || pages.held_() || pending) {
      waiting.push(noted);
      waiting.splice(0, waiting.length - MAX_WAITING);
      return note("queued", noted);
    }
    const full = level > COUNT;
    const event = full && shared.allow_() ? 0 : level && complete(noted, full);
    if (!event) return note("dropped", noted);
    note("queued", event);
    delivery.add_(noted.event_id, JSON.stringify(extra ? toPlain(event) : event));
    market(event);
  };
  const release = (): void => waiting.splice(0).forEach((noted) => attempt(() => admit(noted), "event"));

  const makeEvent = (type: string, fields?: EventFields, name = type): WireEvent => {
    if (!type) throw Error("no type");
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
    const value = event.conversion_value ?? 0;
    if (!(+value >= 0)) complain(`no amount: ${value}`);
    admit(event);
    return event.event_id;
  };

  const checkout =
    (type: string) =>
    (value: number | string, stripeSessionId?: string, userId?: string, fields?: EventFields) =>
      track(
        type,
        fields,
        type,
        toPlain({
          user_id: userId,
          conversion_value: value,
          stripe_session_id: stripeSessionId,
        }) as EventFields,
      );

  const setConsent = (change: Consent): void => {
    undecided = true;
    ask((loaded) => {
      undecided = false;
      const wasFull = mayTrack() > COUNT;
      loaded.changeConsent(consent, change);
      if (consent.analytics === false) {
        sessions.forget_();
        delivery.forget_(wasFull);
      }
      release();
      begin();
    });
  };

  const pages = createPages(
    config,
    () => {
      const view = makeEvent("page_view");
      waiting.push(view);
      return view;
    },
    release,
    withExtra,
  );

  // Each returns at once, with the event in the queue.
  const api = guardCalls({
    trackPageView(fields) {
      // This page may be held already; what the call knows is of it, or of another address.
      const held = pages.held_();
      const isOfHeld = held && !fields?.page_url;
      pages.settle_((isOfHeld && toPlain(fields)) as EventFields);
      pages.markSeen_();
      return isOfHeld ? held.event_id : track("page_view", fields);
    },
    trackEvent: (type, name, fields) => track(type, fields, name),
    trackFormSubmit: (formName, data) =>
      track("form_submit", undefined, formName, {
        form_data: noteForm(data) as unknown as EventFields["form_data"],
      }),
    trackSignup: (method, userId, fields) =>
      track("signup", fields, "signup", toPlain({ user_id: userId, metadata: { method } }) as EventFields),
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
      void delivery.flush_();
    }
  };

  addEventListener("pagehide", () => {
    pending = false;
    pages.settle_();
    release();
    attempt(delivery.leave_);
  });
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    delivery.resume_();
    pages.back_();
  });
  addEventListener("online", delivery.resume_);
  // Who is in a form will send it.
  addEventListener("focusin", () => asked || ask());
  market();
  // What an earlier page left mostly goes with this page's view, after the page's own work.
  setTimeout(begin, LEFT_BEHIND_MS);
  if (!config.manualPageViews) pages.start_();
  return api;
};
