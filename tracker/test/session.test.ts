import { readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { readAttribution } from "../src/attribution.js";
import { createSessions } from "../src/session.js";

const KEY = "ct_session_id";
const arrive = (query = "", referrer = "") =>
  createSessions(KEY, { ...readAttribution(query), referrer });

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
  arrive(query, "https://google.com/").next_(true);
  const later = arrive("?utm_source=newsletter", "https://shop.example/").next_(true);
  expect(later.utm_params).toEqual({ utm_source: "google", utm_medium: "cpc" });
  expect(later.click_ids).toEqual({ gclid: "X" });
  expect(later.referrer).toBe("https://google.com/");
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

test("a session without campaign takes that of a later page", () => {
  arrive().next_(true);
  expect(arrive("?utm_source=x&fbclid=F").next_(true)).toMatchObject({
    utm_params: { utm_source: "x" },
    click_ids: { fbclid: "F" },
  });
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
