import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as extra from "../src/extra_module.js";
import { createPages } from "../src/pages.js";
import type { Config, WireEvent } from "../src/types.js";

const LIMIT = { timeout: 10_000 };
const settle = () => new Promise((done) => setTimeout(done, 1400));
const wait = (ms: number) => new Promise((done) => setTimeout(done, ms));
const { pushState, replaceState } = History.prototype;
let hidden = false;

beforeEach(() => {
  hidden = false;
  Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
});
afterEach(() => {
  Object.assign(History.prototype, { pushState, replaceState });
  delete (globalThis as { navigation?: unknown }).navigation;
});

const create = (config: Partial<Config> = {}) => {
  const seen: string[] = [];
  let held: WireEvent | undefined;
  const pages = createPages(
    { endpoint: "https://gateway.example", ...config },
    () => (held = { page_url: location.href, page_title: "", occurred_at: Date.now() } as WireEvent),
    () => {
      const { pathname, hash } = new URL(held!.page_url);
      seen.push(`${pathname}${hash} ${held!.page_title}`);
    },
    (use) => use(extra),
  );
  return { pages, seen };
};

/** A page that was counted. */
const start = async (config: Partial<Config> = {}) => {
  document.title = "Home";
  const created = create(config);
  created.pages.start_();
  await vi.waitFor(() => expect(created.seen).toHaveLength(1), LIMIT);
  return created;
};

test("the page counts as soon as its title stays, and once", async () => {
  const { pages, seen } = await start();
  pages.start_();
  await settle();
  expect(seen).toEqual(["/ Home"]);
});

test.each([
  ["a page whose title is there at once", 0],
  ["a page whose data takes a while", 400],
])("%s counts with its own title", async (_, delay) => {
  const { seen } = await start();
  history.pushState(null, "", "/pricing");
  setTimeout(() => (document.title = "Pricing"), delay);
  await vi.waitFor(() => expect(seen).toEqual(["/ Home", "/pricing Pricing"]), LIMIT);
});

test("a first page waits for the application to set its title, or for a title at all", async () => {
  document.title = "";
  const { pages, seen } = create();
  pages.start_();
  await wait(250);
  expect(seen).toEqual([]);
  document.title = "Loaded";
  await vi.waitFor(() => expect(seen).toEqual(["/ Loaded"]), LIMIT);
});

test("a page whose title stays as it was counts after a second", async () => {
  const { seen } = await start();
  history.pushState(null, "", "/b");
  await wait(500);
  expect(seen).toHaveLength(1);
  await vi.waitFor(() => expect(seen).toEqual(["/ Home", "/b Home"]), LIMIT);
});

test("neither a new query, nor a new hash, nor a slash at the end is a page", async () => {
  const { seen } = await start();
  history.pushState(null, "", "/?sort=price");
  history.replaceState(null, "", "/#part");
  await settle();
  history.pushState(null, "", "/a");
  await settle();
  history.replaceState(null, "", "/a/");
  await settle();
  expect(seen).toHaveLength(2);
});

test.each([
  ["at once", 0, "push" as const],
  ["after a while, by replacing", 400, "replace" as const],
])("a redirect %s is one page, the last", async (_, delay, kind) => {
  const { seen } = await start();
  history.pushState(null, "", "/old");
  await wait(delay);
  history[`${kind}State`](null, "", "/new");
  document.title = "New";
  await settle();
  expect(seen).toEqual(["/ Home", "/new New"]);
});

test("a page that a visitor leaves before its title is there is a page", async () => {
  const { seen } = await start();
  history.pushState(null, "", "/a");
  await wait(400);
  history.pushState(null, "", "/b");
  document.title = "B";
  await settle();
  expect(seen.map((page) => page.split(" ")[0])).toEqual(["/", "/a", "/b"]);
});

test("a page that goes, or that nobody looks at any more, counts at once", async () => {
  const { pages, seen } = await start();
  history.pushState(null, "", "/a");
  pages.settle_();
  expect(seen).toHaveLength(2);
  history.pushState(null, "", "/b");
  hidden = true;
  dispatchEvent(new Event("visibilitychange"));
  expect(seen).toHaveLength(3);
});

test("a page that somebody else counted does not count again", async () => {
  document.title = "Home";
  const { pages, seen } = create();
  pages.markSeen_();
  pages.start_();
  await settle();
  expect(seen).toHaveLength(0);
});

test("a page in the background counts when it becomes visible", async () => {
  hidden = true;
  document.title = "Home";
  const { pages, seen } = create();
  pages.start_();
  await settle();
  expect(seen).toEqual([]);
  hidden = false;
  dispatchEvent(new Event("visibilitychange"));
  dispatchEvent(new Event("visibilitychange"));
  await settle();
  expect(seen).toEqual(["/ Home"]);
});

test("a page that is back counts again, unless nobody counts pages", async () => {
  const { pages, seen } = await start();
  pages.back_();
  await vi.waitFor(() => expect(seen).toHaveLength(2), LIMIT);
  const others = create();
  others.pages.back_();
  await settle();
  expect(others.seen).toEqual([]);
});

test("history works as before, and hooks of others on its prototype are called", async () => {
  await start();
  const hook = vi.fn();
  const ours = History.prototype.pushState;
  History.prototype.pushState = function (...args) {
    hook();
    ours.apply(this, args);
  };
  history.pushState({ a: 1 }, "", "/x");
  expect(history.state).toEqual({ a: 1 });
  expect(location.pathname).toBe("/x");
  expect(hook).toHaveBeenCalledOnce();
  expect(Object.hasOwn(history, "pushState")).toBe(false);
});

test("where the browser has the Navigation API, history is left alone", async () => {
  const navigation = new EventTarget();
  Object.assign(globalThis, { navigation });
  const { seen } = await start();
  expect(History.prototype.pushState).toBe(pushState);
  history.pushState(null, "", "/a");
  navigation.dispatchEvent(Object.assign(new Event("currententrychange"), { navigationType: "push" }));
  document.title = "A";
  await vi.waitFor(() => expect(seen).toEqual(["/ Home", "/a A"]), LIMIT);
});

test("with hashRouting a route in the hash is a page, its query is not", async () => {
  const { seen } = await start({ hashRouting: true });
  location.hash = "#/a?x=1";
  dispatchEvent(new Event("popstate"));
  document.title = "A";
  await vi.waitFor(() => expect(seen).toHaveLength(2), LIMIT);
  location.hash = "#/a?x=2";
  dispatchEvent(new Event("popstate"));
  await settle();
  expect(seen).toEqual(["/ Home", "/#/a?x=1 A"]);
});
