import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as extra from "../src/extra_module.js";
import { groupPath, withOptional } from "../src/optional.js";
import { createTracker } from "../src/tracker.js";
import type { Config, WireEvent } from "../src/types.js";
import { settle, startGateway } from "./gateway.js";


let gateway: Awaited<ReturnType<typeof startGateway>>;
beforeEach(async () => {
  gateway = await startGateway();
});
afterEach(() => {
  delete (globalThis as { look?: unknown }).look;
  history.replaceState(null, "", "/");
});

const open = (settings: Partial<Config>) => {
  const config = { endpoint: gateway.endpoint, manualPageViews: true, ...settings };
  return createTracker(config, (use) => use(extra), withOptional(config, extra));
};
const sent = (count: number) => gateway.sent(count);

test.each([
  ["https://a.example/users/7", "https://a.example/users/*"],
  ["https://a.example/users/7/?tab=1#top", "https://a.example/users/*?tab=1#top"],
  ["https://a.example/users", "https://a.example/users"],
  ["https://a.example/users/7/orders", "https://a.example/users/7/orders"],
  ["https://a.example/orders/7/items/8", "https://a.example/orders/*/items/*"],
  ["https://a.example/v1.0/x", "https://a.example/v1.0/*"],
  ["https://a.example/v1-0/x", "https://a.example/v1-0/x"],
  ["https://a.example/en/users/7", "https://a.example/en/users/7"],
  ["https://a.example", "https://a.example"],
])("%s is of the group %s", (address, grouped) => {
  expect(groupPath(address, "/users/*  /orders/*/items/* /v1.0/*")).toBe(grouped);
});

test("properties are in the metadata of every event, and an event's own win", async () => {
  const tracker = open({ properties: { plan: "pro", theme: "dark" } });
  void tracker.trackEvent("a");
  void tracker.trackEvent("b", "b", { metadata: { plan: "free" } });
  const [first, second] = await sent(2);
  expect(first!.metadata).toEqual({ plan: "pro", theme: "dark" });
  expect(second!.metadata).toEqual({ plan: "free", theme: "dark" });
});

test("what is only counted has no properties, and its path is grouped all the same", async () => {
  history.replaceState(null, "", "/users/7");
  void open({ consent: "count", properties: { plan: "pro" }, pathGroups: "/users/*" }).trackEvent("a");
  const [event] = await sent(1);
  expect(event).toMatchObject({ page_url: "http://shop.example/users/*" });
  expect(event).not.toHaveProperty("metadata");
});

test("beforeSend may be the name of a function of the page, looked up at each event", async () => {
  const tracker = open({ beforeSend: "look" });
  vi.spyOn(console, "warn").mockImplementation(() => {});
  void tracker.trackEvent("unseen");
  Object.assign(globalThis, { look: (event: WireEvent) => ({ ...event, event_name: "seen" }) });
  void tracker.trackEvent("a");
  expect((await sent(1)).map(({ event_name }) => event_name)).toEqual(["seen"]);
});

test.each<[string, Partial<Config>]>([
  ["everything may be sent", {}],
  ["events are only counted", { consent: "count" }],
])("an address says once for all pages that its visitor is not counted, where %s", async (_, config) => {
  history.replaceState(null, "", "/?a=1&ct_ignore=1");
  void open(config).trackEvent("a");
  history.replaceState(null, "", "/later");
  void open(config).trackEvent("b");
  await settle();
  expect(gateway.received).toEqual([]);
  history.replaceState(null, "", "/?ct_ignore=0");
  void open(config).trackEvent("c");
  await sent(1);
  expect(gateway.names()).toEqual(["c"]);
});

test("who is not counted has nothing but that stored, and no pixel hears of it", async () => {
  const fbq = vi.fn();
  Object.assign(globalThis, { fbq });
  localStorage.ct_ignore = 1;
  void open({}).trackPurchase(5);
  await settle();
  delete (globalThis as { fbq?: unknown }).fbq;
  expect(fbq.mock.calls).toEqual([]);
  expect([Object.keys(localStorage), sessionStorage.length]).toEqual([["ct_ignore"], 0]);
});
