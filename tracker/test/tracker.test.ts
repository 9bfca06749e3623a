import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { RunningTracker } from "../src/calls.js";
import * as extra from "../src/extra_module.js";
import { withOptional } from "../src/optional.js";
import { createTracker } from "../src/tracker.js";
import type { Config, Consent, EventFields, WireEvent } from "../src/types.js";
import { settle, startGateway } from "./gateway.js";

const { pushState, replaceState } = History.prototype;
const define = (name: string, value: unknown) =>
  Object.defineProperty(navigator, name, { value, configurable: true });

afterEach(() => {
  Object.assign(History.prototype, { pushState, replaceState });
  ["globalPrivacyControl", "webdriver", "locks"].forEach((name) => define(name, undefined));
  delete (globalThis as { fbq?: unknown }).fbq;
  document.cookie.split("; ").forEach((cookie) => {
    document.cookie = cookie.split("=")[0] + "=; Max-Age=0";
  });
});

let gateway: Awaited<ReturnType<typeof startGateway>>;
beforeEach(async () => {
  gateway = await startGateway();
});

const open = (settings: Partial<Config> = {}): RunningTracker => {
  const config = { endpoint: gateway.endpoint, manualPageViews: true, ...settings };
  return createTracker(config, (use) => use(extra), withOptional(config, extra));
};

const sent = (count: number) => gateway.sent(count);

test("a page view has what the gateway's contract wants, and nothing unknown", async () => {
  history.replaceState(null, "", "/pricing?utm_source=google&gclid=G&token=secret#top");
  document.title = "Pricing";
  open({ manualPageViews: false, metaPixelId: "1", linkedinPartnerId: "2", currency: "EUR" });
  const [event] = await sent(1);
  expect(event).toEqual({
    event_type: "page_view",
    event_name: "page_view",
    event_id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    fb_event_id: event!.event_id,
    occurred_at: expect.any(Number) as number,
    sent_at: expect.any(Number) as number,
    session_id: expect.stringMatching(/^session_/) as string,
    sequence: 1,
    referrer: "",
    page_url: "http://shop.example/pricing?utm_source=google&gclid=G&token=(redacted)",
    page_title: "Pricing",
    currency: "EUR",
    utm_params: { utm_source: "google" },
    click_ids: { gclid: "G" },
    fb_pixel_id: "1",
    linkedin_partner_id: "2",
    visitor_id: null,
    metadata: {},
  });
});

test("an event that is sent again keeps its session, also when that has ended", async () => {
  gateway = await startGateway({ status: 503, headers: { "Retry-After": "1" } });
  const tracker = open();
  void tracker.trackEvent("a");
  const [first] = await sent(1);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 31 * 60_000 });
  void tracker.trackEvent("b");
  const [, ...later] = await sent(3);
  vi.useRealTimers();
  const [again, other] = later.sort((one, two) => one.event_type.localeCompare(two.event_type));
  expect(again).toMatchObject({ event_id: first!.event_id, session_id: first!.session_id });
  expect(other!.session_id).not.toBe(first!.session_id);
});

test.each([
  ["an event", {}],
  ["an event without identifiers", { consent: "count" } as const],
])("%s says what only the browser knows", async (_, config) => {
  const { userAgent } = navigator;
  define("userAgent", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15");
  define("maxTouchPoints", 5);
  void open(config).trackEvent("a");
  define("userAgent", userAgent);
  define("maxTouchPoints", 0);
  const facts = { device_type: "tablet", os: "iOS" };
  expect((await sent(1))[0]).toMatchObject(facts);
});

test("each call is an event of its type", async () => {
  const tracker = open();
  void tracker.trackEvent("video_play", "Intro", { metadata: { seconds: 5 } });
  void tracker.trackFormSubmit("newsletter", { email: "a@b.example", password: "x" });
  void tracker.trackSignup("google", "ada");
  void tracker.trackCheckoutStart(29.99, "cs_1");
  void tracker.trackCheckoutComplete("29.99", "cs_1", "ada", { order_id: "o1" });
  const id = await tracker.trackPurchase(29.99, "cs_1", "ada");
  const events = await sent(6);
  expect(events.map((event) => [event.event_type, event.event_name, event.sequence])).toEqual([
    ["video_play", "Intro", 1],
    ["form_submit", "newsletter", 2],
    ["signup", "signup", 3],
    ["checkout_start", "checkout_start", 4],
    ["checkout_complete", "checkout_complete", 5],
    ["purchase", "purchase", 6],
  ]);
  expect(events[0]!.metadata).toEqual({ seconds: 5 });
  expect(events[1]!.form_data).toEqual({ email: "a@b.example" });
  expect(events[2]).toMatchObject({ user_id: "ada", metadata: { method: "google" } });
  expect(events[3]).toMatchObject({ conversion_value: 29.99, currency: "USD", user_id: "ada" });
  expect(events[4]).toMatchObject({ conversion_value: "29.99", order_id: "o1" });
  expect(events[5]).toMatchObject({ stripe_session_id: "cs_1", event_id: id });
});

test("the events of a page come after its view, and an address is that of their time", async () => {
  const tracker = open({ manualPageViews: false });
  void tracker.trackEvent("first");
  await sent(2);
  history.pushState(null, "", "/checkout");
  void tracker.trackCheckoutStart(5);
  document.title = "Checkout";
  const events = await sent(4);
  expect(events.map(({ event_type, sequence }) => [event_type, sequence])).toEqual([
    ["page_view", 1],
    ["first", 2],
    ["page_view", 3],
    ["checkout_start", 4],
  ]);
  expect(events[2]!.page_title).toBe("Checkout");
  expect(events[2]!.occurred_at).toBeLessThanOrEqual(events[3]!.occurred_at);
});

test("a page that comes back from the back-forward cache counts again", async () => {
  document.title = "Home";
  open({ manualPageViews: false });
  await sent(1);
  dispatchEvent(Object.assign(new Event("pageshow"), { persisted: false }));
  await settle();
  dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
  await sent(2);
  await settle();
  expect(gateway.names()).toEqual(["page_view", "page_view"]);
});

test("a call for the page that is being counted tells more of it, and counts no other", async () => {
  const tracker = open({ manualPageViews: false });
  const id = await tracker.trackPageView({ page_title: "Own", metadata: { a: 1 } });
  void tracker.trackPageView({ page_url: "http://shop.example/virtual" });
  const events = await sent(2);
  expect(events[0]).toMatchObject({ event_id: id, page_title: "Own", metadata: { a: 1 } });
  expect(events[1]!.page_url).toBe("http://shop.example/virtual");
  await settle();
  expect(gateway.names()).toHaveLength(2);
});

test("with hashRouting the route is in the address, without its secrets", async () => {
  history.replaceState(null, "", "/app#/reset?token=SECRET&step=2");
  const tracker = open({ manualPageViews: false, hashRouting: true });
  void tracker.trackEvent("a", "a", { page_url: location.href });
  const expected = "http://shop.example/app#/reset?token=(redacted)&step=2";
  expect((await sent(2)).map(({ page_url }) => page_url)).toEqual([expected, expected]);
});

test("identify names the user of what follows, until it is taken back", async () => {
  const tracker = open();
  void tracker.identify("ada");
  void tracker.trackEvent("a");
  void tracker.identify(null);
  void tracker.trackEvent("b");
  const events = await sent(4);
  expect(events.map((event) => event.user_id ?? null)).toEqual(["ada", "ada", null, null]);
});

test("ids of Google and Meta are read from their cookies", async () => {
  document.cookie = "_ga=GA1.1.111.222";
  document.cookie = "_ga_ABC=GS2.1.s1732300000$o1$g0";
  document.cookie = "_fbp=fb.1.2.3";
  document.cookie = "_fbc=fb.1.2.click";
  void open().trackEvent("a");
  expect((await sent(1))[0]).toMatchObject({
    ga_client_id: "111.222",
    ga_session_id: "1732300000",
    metadata: { fbp: "fb.1.2.3", fbc: "fb.1.2.click" },
  });
});

test("where consent is required nothing leaves or is stored before it, and all is sent after it", async () => {
  document.title = "Home";
  const fbq = vi.fn();
  Object.assign(globalThis, { fbq });
  history.replaceState(null, "", "/?utm_source=x");
  const tracker = open({ consent: "required", manualPageViews: false, visitorId: true });
  void tracker.trackEvent("a");
  await settle();
  expect([gateway.received, localStorage.length, sessionStorage.length]).toEqual([[], 0, 0]);
  expect(fbq).not.toHaveBeenCalled();
  history.replaceState(null, "", "/other");
  tracker.setConsent({ analytics: true });
  const events = await sent(2);
  expect(events[0]!.page_url).toBe("http://shop.example/?utm_source=x");
  expect(events.slice(0, 2).map((event) => event.sequence)).toEqual([1, 2]);
  expect(events[0]!.utm_params).toEqual({ utm_source: "x" });
  expect(events[0]!.visitor_id).toBe(localStorage.getItem(`ct:${gateway.endpoint}:visitor`));
  expect(fbq).not.toHaveBeenCalled();
  tracker.setConsent({ marketing: true });
  void tracker.trackSignup();
  expect(fbq).toHaveBeenCalledOnce();
});

test("refusing drops what waits; taking consent back leaves nothing on the device", async () => {
  const tracker = open({ consent: "required", visitorId: true });
  void tracker.trackEvent("a");
  tracker.setConsent({ analytics: false });
  await settle();
  expect(gateway.received).toEqual([]);
  tracker.setConsent({ analytics: true });
  void tracker.trackEvent("b");
  await sent(1);
  expect(sessionStorage.length).toBe(2);
  tracker.setConsent({ analytics: false });
  // Those of this test's gateway: an earlier test's may still be answering.
  const ours = Object.keys(localStorage).filter((key) => key.includes(gateway.endpoint));
  expect([...ours, ...Object.keys(sessionStorage)]).toEqual([]);
  void tracker.trackEvent("c");
  await settle();
  expect(gateway.names()).toEqual(["b"]);
});

test.each([
  ["consent that only counts", { consent: "count" } as const, false],
  ["Global Privacy Control", {}, true],
])("%s sends nothing that tells visitors apart, and stores nothing", async (_, config, gpc) => {
  if (gpc) define("globalPrivacyControl", true);
  const fbq = vi.fn();
  Object.assign(globalThis, { fbq });
  document.cookie = "_ga=GA1.1.111.222";
  document.cookie = "_fbp=fb.1.2.3";
  history.replaceState(null, "", "/?utm_source=x&gclid=G");
  const tracker = open({ ...config, visitorId: true });
  void tracker.trackPurchase(5, "cs_1", "ada", {
    metadata: { a: 1 },
    form_data: { b: 2 },
    order_id: "o",
    stripe_customer_id: "cus_1",
    another: "unknown",
  } as EventFields);
  const [event] = await sent(1);
  const identifying = ["user_id", "visitor_id", "click_ids", "ga_client_id", "ga_session_id",
    "form_data", "metadata", "order_id", "stripe_session_id", "stripe_customer_id", "fb_event_id"] as const;
  expect(identifying.filter((name) => event![name] != null)).toEqual([]);
  expect(event).toMatchObject({ conversion_value: 5, utm_params: { utm_source: "x" } });
  expect(event).not.toHaveProperty("another");
  // Those of this test's gateway: an earlier test's may still be answering.
  const ours = Object.keys(localStorage).filter((key) => key.includes(gateway.endpoint));
  expect([...ours, ...Object.keys(sessionStorage)]).toEqual([]);
  expect(fbq).not.toHaveBeenCalled();
});

test("a browser that a program drives is not tracked, unless the page wants it", async () => {
  define("webdriver", true);
  void open().trackEvent("a");
  await settle();
  expect(gateway.received).toEqual([]);
  void open({ automation: true }).trackEvent("b");
  await sent(1);
});

test("beforeSend may change an event, and drop it", async () => {
  const tracker = open({
    beforeSend: (event) =>
      event.event_type === "drop" ? null : { ...event, page_url: "http://shop.example/hidden" },
  });
  void tracker.trackEvent("drop");
  void tracker.trackEvent("keep");
  const events = await sent(1);
  expect(events.map((event) => event.page_url)).toEqual(["http://shop.example/hidden"]);
});

test("nothing throws into the page, and the console says what was wrong", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const tracker = open({
    beforeSend: () => {
      throw new Error("mistake of the page");
    },
  });
  await expect(tracker.trackEvent("a")).resolves.toBeDefined();
  expect(warn.mock.calls).toEqual([
    ["conversionTracking: beforeSend: Error: mistake of the page"],
  ]);
});

const wild = () => {
  const circle: Record<string, unknown> = { a: 1 };
  circle.circle = circle;
  return circle;
};
const unreadable = Object.defineProperty({ a: 1 }, "b", {
  enumerable: true,
  get: () => {
    throw new Error("not now");
  },
});

test.each<[string, unknown, unknown]>([
  ["a BigInt", { big: 12n }, { big: "12" }],
  ["a circle", wild(), { a: 1, circle: "[object Object]" }],
  ["an element", { at: document.createElement("p") }, { at: "[object HTMLParagraphElement]" }],
  ["a getter that throws", unreadable, { a: 1, b: "[unreadable]" }],
  ["a symbol", { kind: Symbol("x") }, { kind: "Symbol(x)" }],
  ["no prototype", Object.assign(Object.create(null), { a: { b: 1 } }), { a: { b: 1 } }],
])("%s in an event costs that value at most, in metadata and in forms", async (_, data, said) => {
  const tracker = open();
  const fields = data as Record<string, unknown>;
  void tracker.trackPurchase(5, "cs_1", undefined, { metadata: fields });
  void tracker.trackFormSubmit("form", fields);
  const [purchase, form] = await sent(2);
  expect(purchase!.metadata).toEqual(said);
  expect(form!.form_data).toEqual(said);
});

test("a field of an event that cannot be read costs that field", async () => {
  const fields = Object.defineProperty({ order_id: "o" }, "metadata", {
    enumerable: true,
    get: () => {
      throw new Error("not now");
    },
  });
  void open().trackSignup("email", "ada", fields);
  expect((await sent(1))[0]).toMatchObject({ order_id: "o", user_id: "ada" });
});

test("of more than the collector takes, what it takes is sent", async () => {
  const deep = (levels: number): unknown => (levels ? { in: deep(levels - 1) } : 1);
  const wide = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`k${index}`, index]));
  const long = Array.from({ length: 9000 }, () => "x");
  void open().trackEvent("a", "a", { metadata: { deep: deep(40), wide, long } });
  const [event] = await sent(1);
  const text = JSON.stringify(event);
  expect(Object.keys((event!.metadata as { wide: object }).wide)).toHaveLength(99);
  expect(text.match(/[{[,]/g)!.length).toBeLessThan(2000);
  expect(text.match(/"in"/g)!.length).toBeLessThan(19);
  expect(event!.session_id).toMatch(/^session_/);
});

test.each([
  ["a promise", async (event: WireEvent) => event],
  ["nothing", () => undefined],
])("beforeSend that returns %s is said, once, and sends nothing", async (_, beforeSend) => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  vi.resetModules();
  const { createTracker: create } = await import("../src/tracker.js");
  const { withOptional: withIt } = await import("../src/optional.js");
  const settings = { endpoint: gateway.endpoint, manualPageViews: true };
  const config: Config = { ...settings, beforeSend: beforeSend as never };
  const tracker = create(config, () => {}, withIt(config, extra));
  void tracker.trackEvent("a");
  void tracker.trackEvent("b");
  await settle();
  expect(gateway.received).toEqual([]);
  expect(warn.mock.calls).toEqual([
    ["conversionTracking: beforeSend: Error: return the event itself, or null to drop it"],
  ]);
});

test("what beforeSend adds may be anything, too", async () => {
  const beforeSend = (event: WireEvent) => ({ ...event, metadata: { big: 1n } });
  void open({ beforeSend }).trackEvent("a");
  expect((await sent(1))[0]!.metadata).toEqual({ big: "1" });
});

test("a clock with fractions makes ids and times all the same", async () => {
  const started = Date.now();
  vi.spyOn(Date, "now").mockReturnValue(started + 0.25);
  void open().trackEvent("a");
  vi.restoreAllMocks();
  const [event] = await sent(1);
  expect(event!.event_id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(event!.occurred_at).toBe(started);
  expect(event!.session_id).toMatch(/^session_\d{13}_/);
});

test("lists are lists, also where an old library gave all of them a toJSON", async () => {
  const prototype = Array.prototype as { toJSON?: () => string };
  prototype.toJSON = () => "[]";
  void open().trackEvent("a", "a", { metadata: { skus: ["s1", { b: ["x"] }] } });
  delete prototype.toJSON;
  expect((await sent(1))[0]!.metadata).toEqual({ skus: ["s1", { b: ["x"] }] });
});

test.each<[string, (tracker: RunningTracker) => unknown]>([
  ["setConsent(null)", (tracker) => tracker.setConsent(null as never)],
  ["setConsent()", (tracker) => (tracker.setConsent as () => void)()],
  ['push(["nope"])', (tracker) => tracker.push(["nope"])],
  ["trackEvent()", (tracker) => (tracker.trackEvent as () => unknown)()],
  ['setConsent("granted")', (tracker) => tracker.setConsent("granted" as never)],
  ["push(Symbol())", (tracker) => tracker.push(Symbol("x"))],
])("%s costs only itself, and the console says so", async (_, call) => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  vi.resetModules();
  const { createTracker: create } = await import("../src/tracker.js");
  const config = { endpoint: gateway.endpoint, manualPageViews: true };
  const tracker = create(config, () => {}, await import("../src/extra_module.js"));
  call(tracker);
  call(tracker);
  void tracker.trackPurchase(99);
  expect((await sent(1)).map((event) => event.event_type)).toEqual(["purchase"]);
  expect(warn).toHaveBeenCalledOnce();
});

test("consent that is neither true nor false is none", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const tracker = open({ consent: "required" });
  tracker.setConsent({ analytics: "denied" } as never);
  void tracker.trackEvent("a");
  await settle();
  expect(gateway.received).toEqual([]);
});

test.each([true, false])("with debug %s the console hears of it, or not", (debug) => {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  void open({ debug }).trackEvent("a");
  expect(log.mock.calls.length > 0).toBe(debug);
});

test("works when all storage is blocked", async () => {
  const blocked = () => {
    throw new DOMException("blocked", "SecurityError");
  };
  vi.spyOn(globalThis, "sessionStorage", "get").mockImplementation(blocked);
  vi.spyOn(globalThis, "localStorage", "get").mockImplementation(blocked);
  const tracker = open();
  void tracker.trackEvent("a");
  void tracker.trackEvent("b");
  const events = await sent(2);
  expect(events.map((event) => event.sequence)).toEqual([1, 2]);
  expect(events[0]!.session_id).toBe(events[1]!.session_id);
});

const JANE = { email: "jane@customer.example", phone: "+49 30 123456", city: "Köln" };

test("who the customer is arrives as the page says it, of each call that takes fields", async () => {
  const tracker = open();
  const fields = { user_data: JANE };
  void tracker.trackSignup("email", "u1", fields);
  void tracker.trackPurchase(29.99, "cs_1", "u1", fields);
  void tracker.trackEvent("lead", "Lead", fields);
  expect((await sent(3)).map((event) => event.user_data)).toEqual([JANE, JANE, JANE]);
});

test.each<[string, Partial<Config>, Consent | undefined, WireEvent["user_data"]]>([
  ["nobody need be asked", {}, undefined, JANE],
  ["marketing is allowed", { consent: "required" }, { analytics: true, marketing: true }, JANE],
  ["marketing is refused", {}, { marketing: false }, null],
  ["marketing is not decided", { consent: "required" }, { analytics: true }, null],
  ["events are counted alone", { consent: "count" }, undefined, undefined],
  ["events are counted, whatever marketing may", { consent: "count" }, { marketing: true }, undefined],
])("where %s, the customer is sent or is not", async (_, config, said, user_data) => {
  const tracker = open(config);
  if (said) tracker.setConsent(said);
  void tracker.trackPurchase(5, undefined, undefined, { user_data: JANE });
  const [event] = await sent(1);
  expect(event!.user_data).toEqual(user_data);
  if (!user_data) expect(JSON.stringify(event)).not.toContain("jane");
});

test("with a privacy signal the customer is not sent", async () => {
  define("globalPrivacyControl", true);
  void open().trackPurchase(5, undefined, undefined, { user_data: JANE });
  void open({ privacySignal: "on" }).trackPurchase(6, undefined, undefined, { user_data: JANE });
  for (const event of await sent(2)) expect(JSON.stringify(event)).toMatch(event.conversion_value === 5 ? /^((?!jane).)*$/ : /jane/);
});

test("each event says what the visitor consented to by then, and nothing where nobody said it", async () => {
  const tracker = open();
  void tracker.trackEvent("a");
  expect((await sent(1))[0]).not.toHaveProperty("consent");
  tracker.setConsent({ marketing: false });
  void tracker.trackEvent("b");
  tracker.setConsent({ analytics: true });
  void tracker.trackEvent("c");
  tracker.setConsent({ marketing: true });
  const said = (await sent(3)).map(({ event_type, consent }) => [event_type, consent]);
  expect(said.slice(1)).toEqual([
    ["b", { marketing: false }],
    ["c", { analytics: true, marketing: false }],
  ]);
});

test("what waited for consent says what was answered", async () => {
  const tracker = open({ consent: "required" });
  void tracker.trackEvent("a");
  tracker.setConsent({ analytics: true, marketing: false });
  expect((await sent(1))[0]!.consent).toEqual({ analytics: true, marketing: false });
});

test("an event that is only counted says what was refused", async () => {
  const tracker = open({ consent: "count" });
  tracker.setConsent({ analytics: false, marketing: false });
  void tracker.trackEvent("a");
  expect((await sent(1))[0]!.consent).toEqual({ analytics: false, marketing: false });
});

test("what a call says of consent is sent in the place of what was heard", async () => {
  const tracker = open();
  tracker.setConsent({ marketing: true });
  void tracker.trackEvent("a", "A", { consent: { ad_user_data: "denied" } });
  expect((await sent(1))[0]!.consent).toEqual({ ad_user_data: "denied" });
});

test("a page that changes an event's consent does not change the tracker's", async () => {
  const tracker = open({
    beforeSend: (event) => {
      event.consent!.marketing = false;
      return event;
    },
  });
  tracker.setConsent({ marketing: true });
  void tracker.trackPurchase(5, undefined, undefined, { user_data: JANE });
  void tracker.trackPurchase(6, undefined, undefined, { user_data: JANE });
  expect((await sent(2)).map((event) => event.user_data)).toEqual([JANE, JANE]);
});
