import { afterEach, expect, test, vi } from "vitest";
import { createQueue, OWN } from "../src/queue.js";
import { openShared } from "../src/storage.js";
import { uuidv7 } from "../src/uuid.js";

const GATEWAY = "https://gateway.example";
const KEY = `ct:${GATEWAY}:queue`;
const ids = Array.from({ length: 130 }, (_, index) => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - 1000 + index });
  const id = uuidv7();
  vi.useRealTimers();
  return id;
});
const event = (index: number | string) => JSON.stringify({ event_id: `${index}` });

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A page, which may store, and sends by itself what is new. */
const openAlone = (gateway = GATEWAY) => {
  const shared = openShared(gateway);
  shared.allow_();
  const queue = createQueue(shared);
  const put = (index: number) => queue.put_(ids[index]!, event(index));
  const texts = () => queue.entries_().map(([, text]) => text);
  const answer = (index: number) => queue.remove_(queue.entries_().filter(([id]) => id === ids[index]));
  return { ...queue, put, texts, answer };
};

/** One whose events any tab may send. */
const open = (gateway = GATEWAY) => {
  const queue = openAlone(gateway);
  queue.share_("");
  return queue;
};

const setHidden = (hidden: boolean) => vi.spyOn(document, "hidden", "get").mockReturnValue(hidden);

test("what is put is there, in order, also for the next page, until it is removed", () => {
  const queue = open();
  queue.put(1);
  queue.put(2);
  expect(open().texts()).toEqual([event(1), event(2)]);
  queue.answer(1);
  expect(queue.texts()).toEqual([event(2)]);
  expect(open().texts()).toEqual([event(2)]);
});

test("what one tab was answered for, no other has", () => {
  const [one, two] = [open(), open()];
  one.put(1);
  two.put(2);
  one.put(3);
  expect(one.texts().sort()).toEqual([event(1), event(2), event(3)]);
  one.answer(2);
  expect(two.texts()).toEqual([event(1), event(3)]);
  expect(two.share_("")).toEqual([]);
});

test("a tab that writes over another's event does not lose it", () => {
  const one = open();
  one.put(1);
  const before = localStorage.getItem(KEY);
  const two = open();
  two.put(2);
  localStorage.setItem(KEY, before!); // as another process has it, some milliseconds late
  expect(two.texts()).toEqual([event(1), event(2)]);
  two.put(3);
  expect(open().texts()).toEqual([event(1), event(2), event(3)]);
});

test("a page that clears its storage loses nothing", () => {
  const queue = open();
  queue.put(1);
  localStorage.clear();
  expect(queue.texts()).toEqual([event(1)]);
  queue.share_("");
  expect(open().texts()).toEqual([event(1)]);
});

test("another gateway's events are left alone, and so are all keys of the site", () => {
  localStorage.setItem("cart", "1");
  localStorage.setItem("ct_theme", "dark");
  open("https://other.example").put(1);
  const queue = open();
  expect(queue.texts()).toEqual([]);
  queue.put(2);
  const shared = openShared(GATEWAY);
  shared.forget_();
  expect(Object.keys(localStorage).sort()).toEqual(["cart", "ct:https://other.example:queue", "ct_theme"]);
});

test("the queue and whether the visitor is ignored are read, whatever else the site keeps", () => {
  for (let index = 0; index < 50; index++) localStorage.setItem(`site${index}`, "x");
  const queue = open();
  queue.put(1);
  const read: string[] = [];
  const spied = new Proxy(localStorage, {
    get: (store, key) => (read.push(String(key)), Reflect.get(store, key) as unknown),
    ownKeys: () => {
      throw new Error("all keys were read");
    },
  });
  vi.spyOn(globalThis, "localStorage", "get").mockReturnValue(spied);
  expect(open().texts()).toEqual([event(1)]);
  expect(new Set(read)).toEqual(new Set(["ct_ignore", KEY]));
});

test("without leave to store, nothing is stored", () => {
  const queue = createQueue(openShared(GATEWAY));
  queue.share_("");
  queue.put_(ids[1]!, event(1));
  expect(localStorage.length).toBe(0);
  expect(queue.entries_()).toEqual([[ids[1], event(1)]]);
});

test("what is forgotten is gone", () => {
  const queue = open();
  queue.put(1);
  localStorage.clear();
  queue.forget_();
  expect(queue.texts()).toEqual([]);
});

test("when it is full the oldest is dropped", () => {
  const queue = open();
  for (let index = 0; index < 120; index++) queue.put(index);
  const newest = Array.from({ length: 100 }, (_, index) => event(index + 20));
  expect(queue.texts()).toEqual(newest);
  expect(open().texts()).toEqual(newest);
});

test("what would be too much to store is kept in memory alone", () => {
  const queue = open();
  const large = JSON.stringify({ event_id: "x".repeat(99_000) });
  for (let index = 0; index < 8; index++) queue.put_(ids[index]!, large);
  expect(queue.entries_()).toHaveLength(8);
  expect(open().entries_().map(([id]) => id)).toEqual(ids.slice(0, 5));
  queue.remove_(queue.entries_().slice(0, 4));
  expect(open().entries_().map(([id]) => id)).toEqual(ids.slice(4, 8));
});

test("an event expires after a day", () => {
  const queue = open();
  queue.put(1);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 86_400_000 - 5000 });
  expect(queue.texts()).toHaveLength(1);
  vi.setSystemTime(Date.now() + 10_000);
  expect(queue.texts()).toHaveLength(0);
  expect(JSON.parse(localStorage.getItem(KEY)!)).toEqual({ [ids[1]!]: "" });
});

test("works in memory when storage is full", () => {
  vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
    throw new DOMException("full", "QuotaExceededError");
  });
  const queue = open();
  queue.put(1);
  expect(queue.texts()).toEqual([event(1)]);
  queue.answer(1);
  expect(queue.texts()).toEqual([]);
});

test.each(["", "{", "{}", "null", "7", '"text"', "[]"])("%j is no event, and is removed", (garbage) => {
  const asEvent = JSON.stringify({ [uuidv7()]: garbage, another: 7, third: null });
  for (const text of [garbage, asEvent]) {
    localStorage.setItem(KEY, text);
    const queue = open();
    queue.put(1);
    expect(queue.texts()).toEqual([event(1)]);
    expect(open().texts()).toEqual([event(1)]);
  }
});

test("what is new and answered within a second is never stored", () => {
  vi.useFakeTimers();
  const queue = openAlone();
  queue.put(1);
  expect(queue.texts()).toEqual([event(1)]);
  queue.answer(1);
  vi.advanceTimersByTime(5000);
  expect(localStorage.length).toBe(0);
});

test("what is not answered within a second is stored, and no other tab sends it while its page may", () => {
  vi.useFakeTimers();
  const queue = openAlone();
  queue.put(1);
  vi.advanceTimersByTime(999);
  expect(localStorage.length).toBe(0);
  vi.advanceTimersByTime(1);
  expect(localStorage.getItem(KEY)).toContain(ids[1]);
  expect(open().texts()).toEqual([]);
  expect(queue.texts()).toEqual([event(1)]);
});

test("what a page that crashed had stored, another sends when it should long have been answered", () => {
  vi.useFakeTimers();
  openAlone().put(1);
  vi.advanceTimersByTime(1000);
  const next = open();
  expect(next.texts()).toEqual([]);
  vi.advanceTimersByTime(20_000);
  expect(next.texts().map((text) => text.trim())).toEqual([event(1)]);
});

test("a tab that may not send another's event does not lose it, either", () => {
  vi.useFakeTimers();
  openAlone().put(1);
  vi.advanceTimersByTime(1000);
  const other = open();
  other.put(2);
  other.answer(2);
  vi.advanceTimersByTime(20_000);
  expect(open().texts().map((text) => text.trim())).toEqual([event(1)]);
});

test("what was stored and is answered is gone for other tabs, too", () => {
  vi.useFakeTimers();
  const queue = openAlone();
  queue.put(1);
  vi.advanceTimersByTime(1000);
  queue.answer(1);
  vi.advanceTimersByTime(60_000);
  expect(open().texts()).toEqual([]);
});

test("a page that is hidden, or is as the event comes, stores at once", () => {
  const [hidden, hiding] = [openAlone(), openAlone()];
  hiding.put(1);
  expect(localStorage.length).toBe(0);
  setHidden(true);
  dispatchEvent(new Event("visibilitychange"));
  expect(localStorage.getItem(KEY)).toContain(ids[1]);
  hidden.put(2);
  expect(localStorage.getItem(KEY)).toContain(ids[2]);
});

test("what a page shares any tab may send at once, and what comes after its turn is its own again", () => {
  const queue = openAlone();
  queue.put(1);
  queue.share_("");
  expect(open().texts()).toEqual([event(1)]);
  expect(queue.entries_().filter(queue.isOwn_)).toEqual([]);
  queue.answer(1);
  queue.share_(OWN);
  queue.put(2);
  expect(queue.entries_().filter(queue.isOwn_)).toHaveLength(1);
  expect(open().texts()).toEqual([]);
});
