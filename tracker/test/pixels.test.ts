import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { tellPixels as tell } from "../src/pixels.js";
import type { Config, WireEvent } from "../src/types.js";

type Page = Record<string, unknown>;
const page = globalThis as unknown as Page;
const NAMES = ["fbq", "_fbq", "gtag", "dataLayer", "lintrk", "_linkedin_data_partner_ids"];
const remove = () => NAMES.forEach((name) => delete page[name]);

const config: Config = { endpoint: "https://gateway.example", loadPixels: true };
const event = (event_type: string, fields: Partial<WireEvent> = {}): WireEvent => ({
  event_type,
  event_name: event_type,
  event_id: "id-1",
  occurred_at: 0,
  page_url: "https://shop.example/",
  currency: "EUR",
  ...fields,
});

// Of visitors who were not asked, since they need not be.
const tellPixels = (config: Config, event?: WireEvent) => tell(config, {}, event);

beforeEach(() => {
  remove();
  ["fbq", "gtag", "lintrk"].forEach((name) => (page[name] = vi.fn()));
});
afterEach(remove);

const MONEY = { value: 29.99, currency: "EUR" };
const META = { eventID: "id-1" };
const PAID = [
  ["fbq", "track", "Purchase", MONEY, META],
  ["gtag", "event", "purchase", { transaction_id: "cs_1", ...MONEY }],
  ["lintrk", "track", { conversion_id: "purchase", event_id: "id-1" }],
];

test.each<[string, Partial<WireEvent>, unknown[][]]>([
  ["page_view", {}, [
    ["fbq", "track", "PageView", {}, META],
    ["gtag", "event", "page_view", { page_path: "/" }],
  ]],
  ["form_submit", {}, [["fbq", "track", "Lead", {}, META]]],
  ["signup", { metadata: { method: "google" } }, [
    ["fbq", "track", "CompleteRegistration", {}, META],
    ["gtag", "event", "sign_up", { method: "google" }],
    ["lintrk", "track", { conversion_id: "signup", event_id: "id-1" }],
  ]],
  ["signup", {}, [
    ["fbq", "track", "CompleteRegistration", {}, META],
    ["gtag", "event", "sign_up", { method: "email" }],
    ["lintrk", "track", { conversion_id: "signup", event_id: "id-1" }],
  ]],
  ["checkout_start", { conversion_value: "29.99" }, [
    ["fbq", "track", "InitiateCheckout", MONEY, META],
  ]],
  ["purchase", { conversion_value: 29.99, stripe_session_id: "cs_1" }, PAID],
  ["subscription_created", { conversion_value: 29.99, order_id: "cs_1" }, PAID],
  ["video_play", {}, []],
])("%s with %o tells the pixels", (type, fields, calls) => {
  tellPixels(config, event(type, fields));
  const made = ["fbq", "gtag", "lintrk"].flatMap((name) =>
    (page[name] as ReturnType<typeof vi.fn>).mock.calls.map((args) => [name, ...(args as unknown[])]),
  );
  expect(made).toEqual(calls);
});

test("conversions of Google Ads and LinkedIn have the ids of the configuration", () => {
  const conversions = {
    googleAdsConversions: { demo_booked: "AW-1/x" },
    linkedinConversions: { demo_booked: 77 },
  };
  tellPixels({ ...config, ...conversions }, event("demo_booked", { conversion_value: 5 }));
  expect(page.gtag).toHaveBeenCalledWith("event", "conversion", {
    send_to: "AW-1/x",
    transaction_id: "id-1",
    value: 5,
    currency: "EUR",
  });
  expect(page.lintrk).toHaveBeenCalledWith("track", { conversion_id: 77, event_id: "id-1" });
});

test("pixels that are not on the page, or throw, disturb nobody", () => {
  delete page.gtag;
  page.fbq = () => {
    throw new Error("blocked");
  };
  tellPixels(config, event("signup"));
  expect(page.lintrk).toHaveBeenCalledOnce();
});

const scripts = () => [...document.querySelectorAll("script")].map((script) => script.src);

test("the loader initialises each pixel from its id, once", () => {
  remove();
  const ids = { metaPixelId: "123", googleTagIds: "G-1,AW-2", linkedinPartnerId: "456" };
  tellPixels({ ...config, ...ids });
  tellPixels({ ...config, ...ids });
  expect(scripts()).toEqual([
    "https://connect.facebook.net/en_US/fbevents.js",
    "https://www.googletagmanager.com/gtag/js?id=G-1",
    "https://snap.licdn.com/li.lms-analytics/insight.min.js",
  ]);
  const fbq = page.fbq as { queue: IArguments[]; callMethod?: unknown; version: string };
  expect([...fbq.queue[0]!]).toEqual(["init", "123"]);
  expect(page._fbq).toBe(fbq);
  // Google's script takes no arrays.
  const layer = page.dataLayer as IArguments[];
  expect(layer.map((call) => Object.prototype.toString.call(call))).toEqual(
    Array(3).fill("[object Arguments]"),
  );
  expect(layer.slice(1).map((call) => Array.from(call) as unknown[])).toEqual([
    ["config", "G-1", { send_page_view: false }],
    ["config", "AW-2", { send_page_view: false }],
  ]);
  expect(page._linkedin_data_partner_ids).toEqual(["456"]);
});

test("once Meta's script is there, its stub passes calls on", () => {
  remove();
  tellPixels({ ...config, metaPixelId: "123" });
  const fbq = page.fbq as { callMethod?: unknown; queue: unknown[] };
  fbq.callMethod = vi.fn();
  tellPixels(config, event("form_submit"));
  expect(fbq.callMethod).toHaveBeenCalledWith("track", "Lead", {}, META);
  expect(fbq.queue).toHaveLength(1);
});

test("a pixel that the page has already is left as it is", () => {
  const own = page.fbq;
  tellPixels({ ...config, metaPixelId: "123" });
  expect(page.fbq).toBe(own);
  expect(scripts()).toEqual([]);
});

test("Meta's script does not count pages that we count", () => {
  tellPixels(config, event("page_view"));
  expect((page.fbq as { disablePushState?: boolean }).disablePushState).toBe(true);
  remove();
  tellPixels({ ...config, metaPixelId: "123" });
  expect((page.fbq as { disablePushState?: boolean }).disablePushState).toBe(true);
});

test("where the page forbids a pixel, or has something else under its name, others work", () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  remove();
  page.dataLayer = {};
  Object.defineProperty(page, "fbq", {
    configurable: true,
    get: () => {
      throw new Error("blocked");
    },
  });
  tellPixels({ ...config, metaPixelId: "1", googleTagIds: "G-1", linkedinPartnerId: "2" }, event("signup"));
  expect(scripts()).toEqual(["https://snap.licdn.com/li.lms-analytics/insight.min.js"]);
  expect(page.gtag).toBeUndefined();
  expect(warn).toHaveBeenCalledTimes(2);
});

test("no pixel is told who the customer is, or what was consented to", () => {
  const user_data = { email: "jane@customer.example" };
  tellPixels(config, event("purchase", { conversion_value: 5, user_data, consent: { marketing: true } }));
  const told = ["fbq", "gtag", "lintrk"].map((name) => (page[name] as { mock: { calls: unknown } }).mock.calls);
  expect(JSON.stringify(told)).toContain("purchase");
  expect(JSON.stringify(told)).not.toMatch(/jane|consent/);
});
