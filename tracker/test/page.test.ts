import { expect, test, vi } from "vitest";
import * as tracking from "../src/index.js";
import type { PageWindow } from "../src/page.js";
import { startGateway } from "./gateway.js";

const LIMIT = { timeout: 30_000 };

test("calls before init are made up for, and a second init changes nothing", async () => {
  const { endpoint, names } = await startGateway();
  await expect(tracking.trackEvent("early")).resolves.toBeUndefined();
  tracking.init({ endpoint, manualPageViews: true });
  tracking.init({ endpoint: "http://127.0.0.1:9" });
  await expect(tracking.trackEvent("late")).resolves.toMatch(/^[0-9a-f-]{36}$/);
  await vi.waitFor(() => expect(names()).toEqual(["early", "late"]), LIMIT);
});

test("a prerendered page counts when it is shown", async () => {
  const { endpoint, names } = await startGateway();
  Object.defineProperty(document, "prerendering", { value: true, configurable: true });
  tracking.init({ endpoint });
  void tracking.trackEvent("early");
  await new Promise((done) => setTimeout(done, 200));
  expect(names()).toEqual([]);
  expect(sessionStorage.length).toBe(0);
  Object.defineProperty(document, "prerendering", { value: false, configurable: true });
  document.dispatchEvent(new Event("prerenderingchange"));
  await vi.waitFor(() => expect(names().sort()).toEqual(["early", "page_view"]), LIMIT);
});

test("the script reads its attributes, and makes up for calls noted on the page", async () => {
  const { endpoint, received, names } = await startGateway();
  (window as PageWindow).conversionTracking = [["trackSignup", "email"]];
  const script = document.createElement("script");
  Object.assign(script.dataset, {
    endpoint,
    sessionKey: "tracking_session",
    currency: "EUR",
    manualPageViews: "true",
    debug: "false",
    googleAdsConversions: '{"signup": "AW-1/x"}',
  });
  script.src = "https://gateway.example/t.js";
  Object.defineProperty(document, "currentScript", { value: script, configurable: true });
  const gtag = vi.fn();
  Object.assign(globalThis, { gtag });
  const log = vi.spyOn(console, "log");
  await import("../src/script.js");
  await vi.waitFor(() => expect(names()).toEqual(["signup"]), LIMIT);
  expect(received[0]!.events[0]!.currency).toBe("EUR");
  expect(sessionStorage.getItem("tracking_session")).toMatch(/^session_/);
  expect(gtag).toHaveBeenCalledWith("event", "conversion", expect.objectContaining({ send_to: "AW-1/x" }));
  expect(log).not.toHaveBeenCalled();
});
