import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { backoffMs, createDelivery, takeBatch } from "../src/delivery.js";
import { createQueue } from "../src/queue.js";
import { openShared } from "../src/storage.js";
import type { Config } from "../src/types.js";
import { uuidv7 } from "../src/uuid.js";
import { startGateway } from "./gateway.js";

const LIMIT = { timeout: 30_000 };
// The tabs of a test share a queue, and no other test's, whose tabs may still be at work.
let gateway = "";
let queueKey = "";
let untilKey = "";
let tests = 0;

/** A tab: a delivery over the queue that all tabs share. */
const openTab = (config: Config, mayStore = true) => {
  const shared = openShared(gateway);
  if (mayStore) shared.allow_();
  const notes: unknown[][] = [];
  const note = (...about: unknown[]) => void notes.push(about);
  const tab = createDelivery(config, createQueue(shared), shared, note);
  const add = (name: string, extra = "") => {
    const event_id = uuidv7();
    tab.add_(event_id, JSON.stringify({ event_id, event_name: name, extra }));
  };
  return { ...tab, add, notes };
};

const storedQueue = () => JSON.parse(localStorage.getItem(queueKey) ?? "{}") as Record<string, string>;
const stored = () => Object.values(storedQueue()).filter(Boolean);
const put = (name: string) => {
  const event_id = uuidv7();
  const events = { ...storedQueue(), [event_id]: JSON.stringify({ event_id, event_name: name }) };
  localStorage.setItem(queueKey, JSON.stringify(events));
};

/** Web Locks as the standard has them: one holder of a name, the others wait in line. */
const createLocks = () => {
  const last: Record<string, Promise<unknown>> = {};
  return {
    request: (name: string, work: () => Promise<unknown>) =>
      (last[name] = Promise.resolve(last[name]).then(work)),
  };
};

let beacons: [url: string, body: string][];
beforeEach(() => {
  gateway = `https://gateway-${++tests}.example`;
  queueKey = `ct:${gateway}:queue`;
  untilKey = `ct:${gateway}:until`;
  beacons = [];
  Object.defineProperty(navigator, "locks", { value: createLocks(), configurable: true });
  Object.defineProperty(navigator, "sendBeacon", {
    value: (url: string, body: string) => beacons.push([url, body]),
    configurable: true,
  });
});
afterEach(() => Object.defineProperty(navigator, "locks", { value: undefined, configurable: true }));

test("one event goes to /track as text/plain without headers of ours", async () => {
  const { endpoint, received } = await startGateway();
  openTab({ endpoint }).add("a");
  await vi.waitFor(() => expect(received).toHaveLength(1), LIMIT);
  const [request] = received;
  expect(request!.path).toBe("/v1/events/track");
  expect(request!.headers["content-type"]).toMatch(/^text\/plain/i);
  expect(request!.headers.authorization).toBeUndefined();
  expect(request!.events[0]!.sent_at).toBeGreaterThan(Date.now() - 10_000);
  await vi.waitFor(() => expect(stored()).toEqual([]), LIMIT);
});

test("several that wait go to /batch in order", async () => {
  const { endpoint, received, names } = await startGateway();
  const tab = openTab({ endpoint });
  ["a", "b", "c"].forEach((name) => tab.add(name));
  await vi.waitFor(() => expect(names()).toEqual(["a", "b", "c"]), LIMIT);
  expect(received.map(({ path }) => path)).toEqual(["/v1/events/batch"]);
});

test("a batch ends before 60 KB, measured in bytes", async () => {
  const { endpoint, received, names } = await startGateway();
  const tab = openTab({ endpoint });
  // 9000 characters are 27,000 bytes.
  ["a", "b", "c", "d", "e"].forEach((name) => tab.add(name, "€".repeat(9000)));
  await vi.waitFor(() => expect(names()).toHaveLength(5), LIMIT);
  expect(received).toHaveLength(3);
  received.forEach(({ body }) => expect(Buffer.byteLength(body)).toBeLessThan(60_000));
});

test("an event that is larger than that goes alone", () => {
  expect(takeBatch([["1", "x".repeat(70_000)], ["2", "x"]])).toHaveLength(1);
  expect(takeBatch([["1", "x"], ["2", "x".repeat(70_000)]])).toHaveLength(1);
});

test.each([408, 421, 425, 429, 431, 500, 502, 503, 504])("after a %i it is sent again", async (status) => {
  const { endpoint, received } = await startGateway({ status });
  openTab({ endpoint }).add("a");
  await vi.waitFor(() => expect(received).toHaveLength(2), LIMIT);
  expect(received[1]!.at - received[0]!.at).toBeGreaterThan(450);
  await vi.waitFor(() => expect(stored()).toEqual([]), LIMIT);
});

test.each([400, 404, 413, 415, 422])("after a %i it is not, and the next goes on", async (status) => {
  const { endpoint, names } = await startGateway({ status });
  const tab = openTab({ endpoint });
  tab.add("a");
  await vi.waitFor(() => expect(stored()).toEqual([]), LIMIT);
  tab.add("b");
  await vi.waitFor(() => expect(names()).toEqual(["a", "b"]), LIMIT);
  expect(tab.notes).toContainEqual(["answered", status]);
});

test.each(["Sat, 28 Nov 2026 12:00:00 GMT", "soon", "-1"])(
  "a Retry-After of %s is as good as none",
  async (value) => {
    const answer = { status: 503, headers: { "Retry-After": value } };
    const { endpoint, received } = await startGateway(answer);
    openTab({ endpoint }).add("a");
    await vi.waitFor(() => expect(received).toHaveLength(2), LIMIT);
    await vi.waitFor(() => expect(stored()).toEqual([]), LIMIT);
  },
);

test("Retry-After is waited for, also by a page that is left", async () => {
  // Longer than a busy machine may take from the answer to the leaving
  const { endpoint } = await startGateway({ status: 429, headers: { "Retry-After": "60" } });
  const tab = openTab({ endpoint });
  tab.add("a");
  await vi.waitFor(() => expect(localStorage.getItem(untilKey)).not.toBeNull(), LIMIT);
  tab.leave_();
  expect(beacons).toEqual([]);
});

test("Retry-After is waited for, also by the next page", async () => {
  const { endpoint, received } = await startGateway({
    status: 429,
    headers: { "Retry-After": "2" },
  });
  openTab({ endpoint }).add("a");
  await vi.waitFor(() => expect(localStorage.getItem(untilKey)).not.toBeNull(), LIMIT);
  await vi.waitFor(() => expect(received).toHaveLength(1), LIMIT);
  openTab({ endpoint }).add("b");
  await vi.waitFor(() => expect(received).toHaveLength(2), LIMIT);
  expect(received[1]!.at - received[0]!.at).toBeGreaterThan(1900);
  expect(received[1]!.events).toHaveLength(2);
});

test("while the network is away events wait; when it is back they go at once", async () => {
  const { endpoint, names } = await startGateway();
  const config = { endpoint: "http://127.0.0.1:9" };
  const tab = openTab(config);
  ["a", "b", "c"].forEach((name) => tab.add(name));
  vi.spyOn(Math, "random").mockReturnValue(1);
  await vi.waitFor(() => expect(tab.notes[0]?.[0]).toBe("failed"), LIMIT);
  expect(stored()).toHaveLength(3);
  config.endpoint = endpoint;
  tab.resume_();
  await vi.waitFor(() => expect(names()).toEqual(["a", "b", "c"]), LIMIT);
});

test("what an earlier page left behind is sent", async () => {
  const { endpoint, names } = await startGateway();
  put("left");
  const tab = openTab({ endpoint });
  tab.resume_();
  await vi.waitFor(() => expect(names()).toEqual(["left"]), LIMIT);
});

test("one of two tabs sends what waits", async () => {
  const { endpoint, received, names } = await startGateway({ status: 503 });
  const [one, two] = [openTab({ endpoint }), openTab({ endpoint })];
  one.add("a");
  await vi.waitFor(() => expect(received).toHaveLength(1), LIMIT);
  two.add("b");
  await vi.waitFor(() => expect(new Set(names())).toEqual(new Set(["a", "b"])), LIMIT);
  await vi.waitFor(() => expect(stored()).toEqual([]), LIMIT);
  expect(received.length).toBeLessThanOrEqual(3);
  expect(names().filter((name) => name === "b")).toHaveLength(1);
});

test("without locks two tabs may send the same, and nothing is left", async () => {
  Object.defineProperty(navigator, "locks", { value: undefined });
  const { endpoint, names } = await startGateway({ status: 503 });
  const [one, two] = [openTab({ endpoint }), openTab({ endpoint })];
  one.add("a");
  two.add("b");
  await vi.waitFor(() => expect(new Set(names())).toEqual(new Set(["a", "b"])), LIMIT);
  await vi.waitFor(() => expect(stored()).toEqual([]), LIMIT);
});

test("in a frame whose locks refuse, events are sent all the same", async () => {
  const refuse = { request: () => Promise.reject(new DOMException("no", "SecurityError")) };
  Object.defineProperty(navigator, "locks", { value: refuse });
  const { endpoint, names } = await startGateway();
  openTab({ endpoint }).add("a");
  await vi.waitFor(() => expect(names()).toEqual(["a"]), LIMIT);
});

test("when the page goes, what is not on its way goes as a beacon, and stays stored", async () => {
  const { endpoint } = await startGateway();
  const tab = openTab({ endpoint });
  put("of another tab");
  tab.add("a");
  tab.add("b");
  tab.leave_();
  expect(beacons).toHaveLength(1);
  expect(beacons[0]![0]).toBe(endpoint + "/v1/events/batch");
  const sent = JSON.parse(beacons[0]![1]) as { events: { event_name: string }[] };
  expect(sent.events.map((event) => event.event_name)).toEqual(["a", "b"]);
  expect(stored()).toHaveLength(3);
});

test("an event that is too large for a beacon waits for the next page, and holds up no other", async () => {
  const { endpoint, names } = await startGateway();
  const tab = openTab({ endpoint });
  tab.add("large", "x".repeat(70_000));
  tab.add("small");
  tab.leave_();
  expect(beacons.map(([, body]) => (JSON.parse(body) as { event_name: string }).event_name)).toEqual(["small"]);
  const next = openTab({ endpoint });
  next.resume_();
  await vi.waitFor(() => expect(names().sort()).toEqual(["large", "small"]), LIMIT);
});

test("what a page clears it still sends, and leaves behind when it goes", async () => {
  const { endpoint, names } = await startGateway();
  const tab = openTab({ endpoint });
  tab.add("a");
  localStorage.clear();
  await vi.waitFor(() => expect(names()).toEqual(["a"]), LIMIT);
  tab.add("b");
  localStorage.clear();
  tab.leave_();
  expect(stored()).toHaveLength(1);
});

test.each([
  ["a page of somebody else", 200, "<!doctype html><title>Log in</title>", {}],
  ["JSON of somebody else", 200, '{"status":"ok"}', {}],
  ["nothing", 204, "", {}],
])("%s is no answer", async (_, status, body, headers) => {
  const { endpoint, received } = await startGateway({ status, body, headers });
  openTab({ endpoint }).add("a");
  await vi.waitFor(() => expect(received).toHaveLength(2), LIMIT);
  await vi.waitFor(() => expect(stored()).toEqual([]), LIMIT);
});

test("a redirect to another's page is no answer", async () => {
  const elsewhere = await startGateway();
  const Location = elsewhere.endpoint + "/login";
  const { endpoint, received } = await startGateway({ status: 302, headers: { Location }, body: "" });
  openTab({ endpoint }).add("a");
  await vi.waitFor(() => expect(received).toHaveLength(2), LIMIT);
});

test("what is on its way is no beacon", async () => {
  const { endpoint, received } = await startGateway();
  const tab = openTab({ endpoint });
  tab.add("a");
  await vi.waitFor(() => expect(received).toHaveLength(1), { ...LIMIT, interval: 1 });
  tab.leave_();
  expect(beacons).toEqual([]);
});

test("a page that comes back from the back-forward cache goes on", async () => {
  const { endpoint, names } = await startGateway();
  const tab = openTab({ endpoint });
  tab.leave_();
  tab.add("a");
  await new Promise((done) => setTimeout(done, 50));
  expect(names()).toEqual([]);
  tab.resume_();
  await vi.waitFor(() => expect(names()).toEqual(["a"]), LIMIT);
});

test("a token goes as Authorization; after a 401 it is asked for once more", async () => {
  const { endpoint, received } = await startGateway({ status: 401 });
  const token = vi.fn((again: boolean) => Promise.resolve(again ? "new" : "old"));
  openTab({ endpoint, token }).add("a");
  await vi.waitFor(() => expect(received).toHaveLength(2), LIMIT);
  expect(received.map(({ headers }) => headers.authorization)).toEqual([
    "Bearer old",
    "Bearer new",
  ]);
  expect(token.mock.calls).toEqual([[false], [true]]);
});

test("where nothing may be stored, nothing is, whatever the gateway answers", async () => {
  const { endpoint, received } = await startGateway({
    status: 429,
    headers: { "Retry-After": "1" },
  });
  openTab({ endpoint }, false).add("a");
  await vi.waitFor(() => expect(received).toHaveLength(2), LIMIT);
  expect(localStorage.getItem(untilKey)).toBeNull();
  expect(stored()).toEqual([]);
});

test("the pause doubles up to five minutes, and half of it is chance", () => {
  expect([1, 2, 3, 4].map((failures) => backoffMs(failures, 1))).toEqual([1000, 2000, 4000, 8000]);
  expect(backoffMs(1, 0)).toBe(500);
  expect(backoffMs(50, 1)).toBe(300_000);
});

test("a page that goes gives the lock back, also in the middle of a request", async () => {
  const { endpoint, names } = await startGateway();
  // What another page left takes a turn. The first tab's request gets no answer.
  put("left");
  const silent = openTab({ endpoint, token: () => new Promise(() => {}) });
  silent.add("a");
  await vi.waitFor(() => expect(stored()).toHaveLength(2), LIMIT);
  await new Promise((done) => setTimeout(done, 50));
  const next = openTab({ endpoint });
  next.add("b");
  await new Promise((done) => setTimeout(done, 200));
  expect(names()).toEqual([]);
  silent.leave_();
  await vi.waitFor(() => expect(names()).toEqual(["left", "a", "b"]), LIMIT);
});

test("what is new needs no turn, and no lock", async () => {
  const request = vi.fn();
  Object.defineProperty(navigator, "locks", { value: { request } });
  const { endpoint, names } = await startGateway();
  const silent = openTab({ endpoint, token: () => new Promise(() => {}) });
  silent.add("a");
  await new Promise((done) => setTimeout(done, 50));
  openTab({ endpoint }).add("b");
  await vi.waitFor(() => expect(names()).toEqual(["b"]), LIMIT);
  expect(request).not.toHaveBeenCalled();
});

test("a slow answer makes no other tab send the event, too", async () => {
  const { endpoint, names } = await startGateway();
  const slow = openTab({ endpoint, token: () => new Promise((done) => setTimeout(done, 1500, "x")) });
  slow.add("slow");
  await vi.waitFor(() => expect(stored()).toHaveLength(1), LIMIT);
  const other = openTab({ endpoint });
  other.add("b");
  await vi.waitFor(() => expect(names()).toEqual(["b", "slow"]), LIMIT);
  await vi.waitFor(() => expect(stored()).toEqual([]), LIMIT);
});

test("who forgets what was stored keeps what was only counted", async () => {
  const { endpoint, names } = await startGateway();
  const [counted, full] = [openTab({ endpoint }, false), openTab({ endpoint })];
  counted.add("counted");
  full.add("full");
  counted.forget_(false);
  full.forget_(true);
  await vi.waitFor(() => expect(names()).toEqual(["counted"]), LIMIT);
});

test("what is on its way when consent is withdrawn notes nothing on the device", async () => {
  const { endpoint, received } = await startGateway({ status: 503 });
  const tab = openTab({ endpoint });
  tab.add("a");
  await vi.waitFor(() => expect(received).toHaveLength(1), { ...LIMIT, interval: 1 });
  tab.forget_(true);
  await vi.waitFor(() => expect(tab.notes).toContainEqual(["answered", 503]), LIMIT);
  await new Promise((done) => setTimeout(done));
  // Of this test's gateway: an earlier test's tab may still be at work.
  expect(Object.keys(localStorage).filter((key) => key.includes(gateway))).toEqual([]);
});
