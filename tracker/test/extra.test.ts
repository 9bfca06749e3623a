import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as extra from "../src/extra_module.js";
import type { Extra } from "../src/extra_of_page.js";
import { createTracker } from "../src/tracker.js";
import { settle, startGateway } from "./gateway.js";

const LIMIT = { timeout: 30_000 };

let gateway: Awaited<ReturnType<typeof startGateway>>;
beforeEach(async () => {
  gateway = await startGateway();
});
afterEach(() => {
  Object.assign(globalThis, { fbq: undefined, dataLayer: undefined });
});

/** A tracker as the script starts it on a page without settings: its extra comes later, if at all. */
const open = () => {
  const asking: ((loaded?: Extra) => void)[] = [];
  const tracker = createTracker({ endpoint: gateway.endpoint, manualPageViews: true }, (use) => void asking.push(use));
  const answer = (loaded?: Extra) => asking.splice(0).forEach((use) => use(loaded));
  return { tracker, asking, answer };
};

const sent = (count: number) => gateway.sent(count);

test("what has nothing unusual goes without the extra", async () => {
  history.replaceState(null, "", "/pricing?utm_source=a&gclid=G#top");
  const { tracker, asking } = open();
  void tracker.trackPurchase(5, "cs_1", "ada", { metadata: { a: 1 } });
  const [event] = await sent(1);
  expect(event).toMatchObject({
    page_url: "http://shop.example/pricing?utm_source=a&gclid=G",
    user_id: "ada",
    metadata: { a: 1 },
  });
  expect(asking).toEqual([]);
});

const dataLayer = () => Object.assign(globalThis, { dataLayer: [] });
const fbq = () => Object.assign(globalThis, { fbq: vi.fn() });
const brave = () => Object.defineProperty(navigator, "brave", { value: {}, configurable: true });

test.each<[string, () => unknown]>([
  ["parameters in its address", () => history.replaceState(null, "", "/?token=SECRET&x=1")],
  ["an address within its address", () => history.replaceState(null, "", "/a%3Ftoken%3DSECRET")],
  ["a referrer with parameters", () => vi.spyOn(document, "referrer", "get").mockReturnValue("https://a.example/?x=1")],
  ["a pixel", fbq],
  ["Google's list", dataLayer],
  ["a browser that says it is another", brave],
])("an event of a page with %s waits for the extra", async (_, prepare) => {
  prepare();
  const { tracker, asking, answer } = open();
  void tracker.trackEvent("first");
  void tracker.trackEvent("second", "second", { page_url: "http://shop.example/" });
  delete (navigator as { brave?: unknown }).brave;
  await settle();
  expect([gateway.received, asking.length]).toEqual([[], 1]);
  answer(extra);
  const events = await sent(2);
  expect(events.map(({ event_name, sequence }) => [event_name, sequence])).toEqual([
    ["first", 1],
    ["second", 2],
  ]);
  expect(JSON.stringify(events)).not.toContain("SECRET");
});

test("without it an event goes all the same, with nothing that could be secret, and asks no more", async () => {
  history.replaceState(null, "", "/a?utm_source=b&token=SECRET;x=1");
  vi.spyOn(document, "referrer", "get").mockReturnValue("https://a.example/b?token=SECRET");
  const { tracker, asking, answer } = open();
  void tracker.trackFormSubmit("form", { note: "SECRET" });
  answer(undefined);
  void tracker.trackEvent("later");
  const events = await sent(2);
  expect(events[0]).toMatchObject({
    page_url: "http://shop.example/a",
    referrer: "https://a.example/b",
    utm_params: { utm_source: "b" },
    event_name: "form",
  });
  expect(events[1]!.event_name).toBe("later");
  expect(JSON.stringify(events)).not.toContain("SECRET");
  expect(asking).toEqual([]);
});

test("what waits goes when the page is left", () => {
  const sendBeacon = vi.fn();
  Object.defineProperty(navigator, "sendBeacon", { value: sendBeacon, configurable: true });
  history.replaceState(null, "", "/a?token=SECRET");
  void open().tracker.trackPurchase(5);
  dispatchEvent(new Event("pagehide"));
  const bodies = sendBeacon.mock.calls.map(([, body]) => String(body)).filter((body) => body.includes("/a"));
  expect(bodies).toHaveLength(1);
  expect(JSON.parse(bodies[0]!)).toMatchObject({ event_type: "purchase", page_url: "http://shop.example/a" });
});

test("a form is sent as it was at the call", async () => {
  document.body.innerHTML = `<form><input name="plan" value="pro"><input name="login_code" type="password" value="x"></form>`;
  const form = document.querySelector("form")!;
  const { tracker, answer } = open();
  void tracker.trackFormSubmit("form", form);
  const data = { plan: "pro", note: "4111 1111 1111 1111" };
  void tracker.trackFormSubmit("object", data);
  form.querySelector("input")!.value = "changed";
  data.plan = "changed";
  document.body.innerHTML = "";
  answer(extra);
  const events = await sent(2);
  expect(events.map(({ form_data }) => form_data)).toEqual([{ plan: "pro" }, { plan: "pro" }]);
});

test("a visitor who enters a form has the extra loaded", () => {
  const { asking } = open();
  document.dispatchEvent(new Event("focusin", { bubbles: true }));
  expect(asking).toHaveLength(1);
  document.dispatchEvent(new Event("focusin", { bubbles: true }));
  expect(asking).toHaveLength(1);
});

test.each([
  ["a denial", { analytics: false }, []],
  ["a consent", { analytics: true }, ["a"]],
])("after a call about consent nothing is sent until the extra has read it: %s", async (_, change, names) => {
  const { tracker, answer } = open();
  tracker.setConsent(change);
  void tracker.trackEvent("a");
  await settle();
  expect([gateway.received, localStorage.length]).toEqual([[], 0]);
  answer(undefined);
  await settle();
  expect(gateway.received).toEqual([]);
  tracker.setConsent(change);
  answer(extra);
  await vi.waitFor(() => expect(gateway.names()).toEqual(names), LIMIT);
  await settle();
  expect(gateway.names()).toEqual(names);
});
