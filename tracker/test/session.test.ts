import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { readLanding, withTagsOf } from "../src/attribution.js";
import { createSessions } from "../src/session.js";
import { openShared } from "../src/storage.js";
import type { Config } from "../src/types.js";

const KEY = "ct_session_id";
const GATEWAY = "https://gateway.example";
const OWN = "http://shop.example/";

let loadedBy = "navigate";
let address = "";
beforeEach(() => {
  loadedBy = "navigate";
  // The address with which the page was loaded, as browsers keep it.
  vi.spyOn(performance, "getEntriesByType").mockImplementation(
    () => [{ name: address, type: loadedBy }] as never,
  );
});
afterEach(() => vi.useRealTimers());

/** A page that loads in this tab, with this query, come to from there. */
const arrive = (query = "", referrer = "", config: Partial<Config> = {}) => {
  address = OWN + query;
  vi.spyOn(document, "referrer", "get").mockReturnValue(referrer);
  const shared = openShared(GATEWAY);
  shared.allow_();
  return createSessions({ endpoint: GATEWAY, ...config }, readLanding(), shared);
};

/** Another tab: one that a link opens has a storage of its own; a copy has the first's. */
const openTab = () => sessionStorage.clear();
const wait = (minutes: number) =>
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + minutes * 60_000 });

test("the id is session_<ms>_<random>, under its key for others to read", () => {
  const session = arrive().next_(true);
  expect(session.session_id).toMatch(/^session_\d{13}_[0-9a-f]{12}$/);
  expect(sessionStorage.getItem(KEY)).toBe(session.session_id);
});

test("the events of a session are counted over pages", () => {
  const first = arrive();
  expect([first.next_(true).sequence, first.next_(true).sequence]).toEqual([1, 2]);
  expect(arrive().next_(true).sequence).toBe(3);
  // Back in the first page, from the back-forward cache.
  expect(first.next_(true).sequence).toBe(4);
});

test("campaign, click id and referrer of the first page stay with the session", () => {
  const query = "?utm_source=google&utm_medium=cpc&gclid=X&other=1";
  const first = arrive(query, "https://google.com/").next_(true);
  const later = arrive("pricing", OWN).next_(true);
  expect(later).toMatchObject({
    session_id: first.session_id,
    sequence: 2,
    utm_params: { utm_source: "google", utm_medium: "cpc" },
    click_ids: { gclid: "X" },
    referrer: "https://google.com/",
  });
});

test.each([
  ["a click on an ad after a newsletter", "?utm_source=newsletter", "", "?gclid=G", ""],
  ["a second campaign", "?utm_source=a", "", "?utm_source=b", "https://b.example/"],
  ["an ad on a social network after a search", "", "https://www.bing.com/", "?fbclid=F", "https://facebook.com/"],
  ["the same campaign, by another click", "?utm_source=a&gclid=1", "", "?utm_source=a&gclid=2", ""],
])("%s begins a session, with a touch that is a whole", (_, query, referrer, later, from) => {
  const first = arrive(query, referrer).next_(true);
  const second = arrive(later, from).next_(true);
  expect(second.session_id).not.toBe(first.session_id);
  const { utm_params, click_ids, sequence } = second;
  expect(new URLSearchParams({ ...utm_params, ...click_ids }).toString()).toBe(later.slice(1));
  expect([sequence, second.referrer]).toEqual([1, from]);
});

test.each([
  ["the same tags again", "?utm_source=a&gclid=1", "?utm_source=a&gclid=1", "", "navigate"],
  ["fewer of the same tags", "?utm_source=a&gclid=1", "?utm_source=a", "", "navigate"],
  ["a banner of the site's own", "?utm_source=a", "?utm_source=banner", OWN, "navigate"],
  ["such a banner in a visit without campaign", "", "?utm_source=banner", OWN + "x", "navigate"],
  ["going back to the page of another campaign", "?utm_source=b", "?utm_source=a", "", "back_forward"],
  ["reloading it", "?utm_source=b", "?utm_source=a", "", "reload"],
  ["a link of another site without tags", "?utm_source=a", "", "https://blog.example/", "navigate"],
])("%s begins no session, and changes no touch", (_, query, later, referrer, type) => {
  const first = arrive(query, "https://x.example/").next_(true);
  loadedBy = type;
  const second = arrive(later, referrer).next_(true);
  expect(second).toEqual({ ...first, sequence: 2 });
});

test("with keepSession a new campaign begins none", () => {
  const first = arrive("?utm_source=a").next_(true);
  expect(arrive("?utm_source=b", "", { keepSession: true }).next_(true)).toEqual({ ...first, sequence: 2 });
});

test("a campaign is read from the address with which the page was loaded", () => {
  const sessions = arrive("?utm_source=a#/x?utm_medium=email");
  history.replaceState(null, "", "/clean");
  expect(sessions.next_(true).utm_params).toEqual({ utm_source: "a", utm_medium: "email" });
});

test("a session ends after 30 minutes without an event, and a page begins one in its middle", () => {
  const sessions = arrive("?utm_source=a");
  const first = sessions.next_(true, "ada");
  wait(29);
  expect(sessions.next_(true).session_id).toBe(first.session_id);
  wait(29);
  expect(sessions.next_(true).session_id).toBe(first.session_id);
  wait(31);
  const second = sessions.next_(true);
  expect(second.session_id).not.toBe(first.session_id);
  // Nobody came from there again; who is logged in still is.
  expect(second).toMatchObject({ sequence: 1, utm_params: {}, click_ids: {}, referrer: "", user_id: "ada" });
});

test("the next day a page of the same tab is another session", () => {
  const first = arrive("?utm_source=a", "https://x.example/").next_(true);
  wait(27 * 60);
  const second = arrive("pricing", OWN).next_(true);
  expect(second.session_id).not.toBe(first.session_id);
  expect(second).toMatchObject({ sequence: 1, utm_params: {}, referrer: OWN });
});

test("how long is an option", () => {
  const first = arrive("", "", { sessionMinutes: 60 }).next_(true);
  wait(59);
  expect(arrive("", OWN, { sessionMinutes: 60 }).next_(true).session_id).toBe(first.session_id);
});

test("a new tab from the own site goes on with the session, its campaign and its count", () => {
  const first = arrive("?utm_source=a").next_(true);
  openTab();
  const second = arrive("signup", OWN + "?utm_source=a").next_(true);
  expect(second).toEqual({ ...first, sequence: 2 });
  expect(sessionStorage.getItem(KEY)).toBe(first.session_id);
});

test.each([
  ["from elsewhere", "https://google.com/", 1],
  ["by its address", "", 1],
  ["after half an hour", OWN, 31],
])("a new tab %s is a session of its own", (_, referrer, minutes) => {
  const first = arrive("?utm_source=a").next_(true);
  openTab();
  wait(minutes);
  const second = arrive("", referrer).next_(true);
  expect(second.session_id).not.toBe(first.session_id);
  expect([second.sequence, second.utm_params]).toEqual([1, {}]);
});

test("two tabs of one session never use a number twice, whichever other sessions there are", () => {
  const one = arrive();
  const { session_id } = one.next_(true);
  const two = arrive("", OWN); // as a copy of the tab is: with its storage
  const copy = { ...sessionStorage };
  openTab();
  const other = arrive("?utm_source=x");
  expect(other.next_(true).session_id).not.toBe(session_id);
  sessionStorage.clear();
  Object.assign(sessionStorage, copy);
  const numbers = [two, one, two, one, two].map((tab) => tab.next_(true).sequence);
  expect(numbers).toEqual([2, 3, 4, 5, 6]);
});

test("an address keeps the tags of its session's touch, and loses others", () => {
  const touch = { utm_params: { utm_source: "a b" }, click_ids: { gclid: "G" }, referrer: "" };
  const table: Record<string, string> = {
    "/?utm_source=a+b&gclid=G&x=1#top": "/?utm_source=a+b&gclid=G&x=1#top",
    "/?utm_source=a%20b": "/?utm_source=a%20b",
    "/?utm_source=banner&x=1": "/?&x=1",
    "/?x=1&utm_source=a#/utm_source=a": "/?x=1&#/",
    "/?gclid=other": "/?",
    "/?source=a": "/?source=a",
  };
  for (const [address, kept] of Object.entries(table)) expect(withTagsOf(touch, address)).toBe(kept);
});

test("every click id that the list marks for the tracker stays with the session", () => {
  const list = readFileSync("../collector/classify/data/click_ids.toml", "utf8");
  const marked = /^\w+ = .*tracker = true/;
  const lines = list.split("\n").filter((line) => marked.test(line));
  const clickIds = Object.fromEntries<string>(
    lines.map((line) => [line.split(" ")[0]!, "X"]),
  );
  expect(clickIds).toMatchObject({ gclid: "X", yclid: "X", epik: "X" });
  arrive(`?${new URLSearchParams(clickIds)}`).next_(true);
  expect(arrive().next_(true).click_ids).toEqual(clickIds);
});

test("the user stays until forgotten", () => {
  arrive().next_(true, "ada");
  expect(arrive().next_(true).user_id).toBe("ada");
  expect(arrive().next_(true, null).user_id).toBeNull();
  expect(arrive().next_(true).user_id).toBeNull();
});

test("nothing is stored or read before it may be", () => {
  sessionStorage.setItem(KEY, "session_1_a");
  const session = arrive().next_(false);
  expect(session.session_id).not.toBe("session_1_a");
  expect(sessionStorage.length).toBe(1);
});

test("forgetting leaves nothing behind and begins anew", () => {
  const sessions = arrive();
  const before = sessions.next_(true).session_id;
  sessions.forget_();
  expect(sessionStorage.length).toBe(0);
  expect(sessions.next_(false).session_id).not.toBe(before);
});

test.each([
  ["garbage", "garbage"],
  ["session_1_a", "{"],
  ["session_1_a", "null"],
  ["session_1_a", "5"],
  ["session_1_a", '{"session_id":"session_2_b","sequence":1}'],
  ["x".repeat(1000), "{}"],
])("the stored id %.20s with the data %s is not believed", (id, data) => {
  sessionStorage.setItem(KEY, id);
  sessionStorage.setItem(KEY + "_data", data);
  const session = arrive("?utm_source=x").next_(true);
  expect(session).toMatchObject({ sequence: 1, utm_params: { utm_source: "x" } });
  expect(session.session_id).toMatch(/^session_\d{13}_/);
});

test.each(["{", "null", "[null]", "7", '"text"', "[[]]", '[{"session_id":1}]', "{}"])(
  "what tabs share may be garbage: %s",
  (garbage) => {
    localStorage.setItem(`ct:${GATEWAY}:sessions`, garbage);
    const first = arrive("?utm_source=x", OWN).next_(true);
    expect(first).toMatchObject({ sequence: 1, utm_params: { utm_source: "x" } });
    expect(arrive("", OWN).next_(true)).toEqual({ ...first, sequence: 2 });
  },
);

test("a count that is garbage begins anew", () => {
  sessionStorage.setItem(KEY, "session_1_a");
  const data = { session_id: "session_1_a", sequence: "x", at: Date.now() };
  sessionStorage.setItem(KEY + "_data", JSON.stringify(data));
  expect(arrive().next_(true)).toMatchObject({ session_id: "session_1_a", sequence: 1 });
});

test("works when storage is full", () => {
  const sessions = arrive();
  sessions.next_(true);
  vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
    throw new DOMException("full", "QuotaExceededError");
  });
  expect([sessions.next_(true).sequence, sessions.next_(true).sequence]).toEqual([2, 3]);
});

test("works when storage is blocked", () => {
  vi.spyOn(globalThis, "sessionStorage", "get").mockImplementation(() => {
    throw new DOMException("blocked", "SecurityError");
  });
  const sessions = arrive("?utm_source=x");
  sessions.next_(true);
  expect(sessions.next_(true)).toMatchObject({ sequence: 2, utm_params: { utm_source: "x" } });
});
