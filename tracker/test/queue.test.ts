import { expect, test, vi } from "vitest";
import { createQueue } from "../src/queue.js";
import { openStorage, type Keyed } from "../src/storage.js";

const open = (disk: Keyed = openStorage("localStorage")) => createQueue(disk, () => {});
const event = (id: number | string) => JSON.stringify({ event_id: `${id}` });
const texts = (queue: ReturnType<typeof open>) => queue.entries_().map(([, text]) => text);

test("what is put is there, in order, also for the next page, until it is removed", () => {
  const queue = open();
  queue.put_("1", event(1), true);
  queue.put_("2", event(2), true);
  expect(texts(open())).toEqual([event(1), event(2)]);
  queue.remove_(queue.entries_()[0]!);
  expect(texts(open())).toEqual([event(2)]);
});

test("two tabs do not overwrite each other's events", () => {
  const [one, two] = [open(), open()];
  one.put_("1", event(1), true);
  two.put_("2", event(2), true);
  one.put_("3", event(3), true);
  expect(texts(one)).toHaveLength(3);
  expect(texts(two)).toHaveLength(3);
});

test("without leave to store, nothing is stored", () => {
  const queue = open();
  queue.put_("1", event(1), false);
  expect(localStorage.length).toBe(0);
  expect(texts(queue)).toEqual([event(1)]);
});

test("when it is full the oldest is dropped", () => {
  const queue = open();
  vi.useFakeTimers({ toFake: ["Date"] });
  for (let index = 0; index < 120; index++) {
    vi.setSystemTime(1_790_000_000_000 + index);
    queue.put_(`${index}`, event(index), true);
  }
  expect(texts(queue)).toEqual(Array.from({ length: 100 }, (_, index) => event(index + 20)));
  expect(localStorage.length).toBe(100);
  vi.useRealTimers();
});

test("an event expires after a day", () => {
  const queue = open();
  queue.put_("1", event(1), true);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 86_400_000 - 1000 });
  expect(texts(queue)).toHaveLength(1);
  vi.setSystemTime(Date.now() + 2000);
  expect(texts(queue)).toHaveLength(0);
  expect(localStorage.length).toBe(0);
  vi.useRealTimers();
});

test("works in memory when storage is full, and for long events", () => {
  const queue = open();
  queue.put_("1", "x".repeat(20_000), true);
  expect(localStorage.length).toBe(0);
  const full = new Proxy({}, {
    set: () => {
      throw new DOMException("full", "QuotaExceededError");
    },
  });
  const other = open(full);
  other.put_("2", event(2), true);
  expect(texts(other)).toEqual([event(2)]);
});

test.each(["", "{", "{}", "null", "7", '"text"', "[]"])("%j is no event, and is removed", (garbage) => {
  localStorage.setItem(`ct_q_${Date.now()}_x`, garbage);
  const queue = open();
  queue.put_("1", event(1), true);
  expect(texts(queue)).toEqual([event(1)]);
  expect(localStorage.length).toBe(1);
});

test("other keys of the site are left alone", () => {
  localStorage.setItem("cart", "1");
  localStorage.setItem("ct_visitor_id", "1");
  expect(texts(open())).toEqual([]);
  expect(localStorage.length).toBe(2);
});
