import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createPages } from "../src/pages.js";

const LIMIT = { timeout: 10_000 };
const settle = () => new Promise((done) => setTimeout(done, 250));
const { pushState, replaceState } = history;
let hidden = false;

beforeEach(() => {
  hidden = false;
  Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
});
afterEach(() => {
  history.pushState = pushState;
  history.replaceState = replaceState;
});

const start = () => {
  const seen: string[] = [];
  const pages = createPages(() => {
    pages.markSeen_();
    seen.push(location.pathname + " " + document.title);
  });
  document.title = "Home";
  pages.start_();
  return { pages, seen };
};

test("the page counts at once, and once", () => {
  const { pages, seen } = start();
  pages.start_();
  expect(seen).toEqual(["/ Home"]);
});

test("client-side navigation counts, with the title that the router sets after it", async () => {
  const { seen } = start();
  history.pushState(null, "", "/pricing");
  document.title = "Pricing";
  await vi.waitFor(() => expect(seen).toEqual(["/ Home", "/pricing Pricing"]), LIMIT);
});

test("neither a new query nor a new hash is a page", async () => {
  const { seen } = start();
  history.pushState(null, "", "/?sort=price");
  history.replaceState(null, "", "/#part");
  await settle();
  expect(seen).toHaveLength(1);
});

test("a redirect is one page, the last", async () => {
  const { seen } = start();
  history.pushState(null, "", "/old");
  history.replaceState(null, "", "/new");
  await settle();
  expect(seen.map((page) => page.split(" ")[0])).toEqual(["/", "/new"]);
});

test("a page that somebody else counted does not count again", async () => {
  const { pages, seen } = start();
  history.pushState(null, "", "/a");
  pages.markSeen_();
  await settle();
  expect(seen).toHaveLength(1);
});

test("a page in the background counts when it becomes visible", () => {
  hidden = true;
  const { seen } = start();
  expect(seen).toEqual([]);
  hidden = false;
  dispatchEvent(new Event("visibilitychange"));
  dispatchEvent(new Event("visibilitychange"));
  expect(seen).toEqual(["/ Home"]);
});

test("a page that comes back from the back-forward cache counts again", () => {
  const { seen } = start();
  dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
  dispatchEvent(Object.assign(new Event("pageshow"), { persisted: false }));
  expect(seen).toHaveLength(2);
});

test("history works as before", () => {
  start();
  history.pushState({ a: 1 }, "", "/x");
  expect(history.state).toEqual({ a: 1 });
  expect(location.pathname).toBe("/x");
});
