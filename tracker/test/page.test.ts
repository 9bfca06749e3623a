import { expect, test, vi } from "vitest";
import * as tracking from "../src/index.js";
import * as extra from "../src/extra_module.js";
import { startTracker, type PageWindow } from "../src/page.js";
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

test.each<[string, unknown[], string[]]>([
  ["a misspelt call", [["trackSignUp"], ["trackPurchase", 99]], ["purchase"]],
  ["setConsent without consent", [["setConsent"], ["trackPurchase", 99]], ["purchase"]],
  ["a call that is no list", [null, 7, {}, ["trackPurchase", 99]], ["purchase"]],
  ["name and arguments as they are", ["trackSignup", "email"], ["signup"]],
  [
    "several of them",
    ["trackSignup", "email", "trackPurchase", 99, ["trackEvent", "a"], "identify", "ada"],
    ["signup", "purchase", "a", "identify"],
  ],
  ["a misspelt one of them", ["trackSignUp", "email", "trackPurchase", 99], ["purchase"]],
  [
    "the arguments of a function",
    [
      // As the queues of other trackers hold it.
      { 0: "trackSignup", 1: "email", length: 2 },
    ],
    ["signup"],
  ],
])("noted before the tracker is there, %s costs no other call", async (_, calls, expected) => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const { endpoint, names } = await startGateway();
  (window as PageWindow).conversionTracking = calls;
  tracking.init({ endpoint, manualPageViews: true });
  await vi.waitFor(() => expect(names()).toEqual(expected), LIMIT);
});

test("after it is there, both forms are calls, too", async () => {
  const { endpoint, names } = await startGateway();
  tracking.init({ endpoint, manualPageViews: true });
  const tracker = (window as PageWindow).conversionTracking!;
  void tracker.push("trackSignup", "email");
  void tracker.push(["trackEvent", "a"], ["trackEvent", "b"]);
  await vi.waitFor(() => expect(names()).toEqual(["signup", "a", "b"]), LIMIT);
});

test.each([{}, 7, "text", document.createElement("form")])(
  "where the page has %o under the tracker's name, calls work before and after init",
  async (other) => {
    const { endpoint, names } = await startGateway();
    (window as { conversionTracking?: unknown }).conversionTracking = other;
    await expect(tracking.trackEvent("early")).resolves.toBeUndefined();
    tracking.init({ endpoint, manualPageViews: true });
    await vi.waitFor(() => expect(names()).toEqual(["early"]), LIMIT);
  },
);

test("consent that is given before init, wrongly, throws into nothing", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const { endpoint, names } = await startGateway();
  (tracking.setConsent as () => void)();
  tracking.init({ endpoint });
  void tracking.trackEvent("a");
  await vi.waitFor(() => expect(names()).toContain("a"), LIMIT);
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

/** The script as a page runs it: with this element, or without one, as modules are. */
const runScript = async (script: HTMLScriptElement | null) => {
  Object.defineProperty(document, "currentScript", { value: script, configurable: true });
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  vi.resetModules();
  await import("../src/script.js");
  return warn.mock.calls.map(([line]) => String(line));
};

const element = (src: string, data: Record<string, string> = {}) => {
  const script = document.createElement("script");
  if (src) script.src = src;
  Object.assign(script.dataset, { manualPageViews: "true", ...data });
  return script;
};

const isRunning = () => "trackEvent" in ((window as PageWindow).conversionTracking ?? {});

test.each<[string, HTMLScriptElement | null, string]>([
  ["a module, or evaluated text", null, "t.js must be a script with src, no module"],
  ["a part of another file", element("https://shop.example/bundle.js"), "no setting can be endpoint: undefined"],
  ["written into the page", element(""), "no setting can be endpoint: undefined"],
  [
    "one whose address a template did not fill in",
    element("https://gateway.example/t.js", { endpoint: "undefined" }),
    "no setting can be endpoint: undefined",
  ],
])("a script that is %s does not run, and one line says so", async (_, script, line) => {
  expect(await runScript(script)).toEqual(["conversionTracking: " + line]);
  expect(isRunning()).toBe(false);
});

test.each(["https://a.example/", "https://a.example//", "http://127.0.0.1:8000/gw/", "//a.example"])(
  "%s is an address, and needs no slash at its end",
  (endpoint) => {
    const config = { endpoint };
    startTracker(config, (use) => use(extra));
    expect(config.endpoint).toBe(endpoint.replace(/\/+$/, ""));
    expect(isRunning()).toBe(true);
  },
);

test.each(["", "undefined", "/undefined", "{{ENDPOINT}}", "api.example.com", true, 7, "https://", "https:/a.example/b", "ftp://a.example"])(
  "to %j nothing is sent, and one line says so",
  async (endpoint) => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    vi.resetModules(); // each line is said once
    const { init } = await import("../src/index.js");
    init({ endpoint } as never);
    expect(warn.mock.calls).toEqual([[`conversionTracking: no setting can be endpoint: ${endpoint}`]]);
    expect(isRunning()).toBe(false);
  },
);

test.each([undefined, null, {}, { endpoint: "" }])("init(%j) throws nothing, and a later one works", async (config) => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const { endpoint, names } = await startGateway();
  tracking.init(config as never);
  void tracking.trackEvent("early");
  tracking.init({ endpoint: endpoint + "/", manualPageViews: true });
  await vi.waitFor(() => expect(names()).toEqual(["early"]), LIMIT);
});
