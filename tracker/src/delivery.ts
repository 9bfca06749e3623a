import { now } from "./clock.js";
import { attempt } from "./attempt.js";
import type { Entry, Queue } from "./queue.js";
import { forgetKeys, type Keyed } from "./storage.js";
import { ANSWERED, makeRequest, MAX_WAIT_SECONDS, post } from "./transport.js";
import type { Config } from "./types.js";

// Browsers refuse more than 64 KiB in all requests that may outlive their page together.
const MAX_BATCH_BYTES = 60_000;
const MAX_BACKOFF_SECONDS = 300;
const LOCK = "ct_lock";
// What another tab has just sent and removed, this one sees 2 ms later (Chromium, measured).
const SETTLE_MS = 20;
// Longer than a request may take.
const LOCK_MS = 20_000;
// The time from which on tabs may send: the server asked to wait, or, where there are no Web
// Locks, another tab is sending.
type Shared = Keyed & { ct_until?: string };

/** Exponential from one second, half of it left to chance, so that browsers spread. */
export const backoffMs = (failures: number, random: number): number =>
  (1 + random) * 250 * Math.min(2 ** failures, MAX_BACKOFF_SECONDS * 2);

/**
 * As many of the entries as fit into one request, and at least one. Keys are counted too: they
 * are longer than what a request has around each event.
 */
export const takeBatch = (entries: Entry[]): Entry[] => {
  let bytes = 0;
  return entries.filter(
    (entry, index) => (bytes += new Blob(entry).size) < MAX_BATCH_BYTES || !index,
  );
};

/**
 * Sends what the queue holds, one request at a time and one tab at a time, until it is empty.
 * An event leaves the queue when the server has answered for it. What may have arrived
 * unseen is sent again; its id makes that harmless. `disk` is localStorage.
 */
export const createDelivery = (
  config: Config,
  queue: Queue,
  disk: Keyed,
  note: (...about: unknown[]) => void,
) => {
  const locks = navigator.locks as LockManager | undefined;
  // Shared with all tabs once anything may be stored.
  let shared: Shared = {};
  // Keys of what this page added, and of what is on its way.
  let own = "";
  let sending = "";
  let failures = 0;
  let busy: boolean | undefined;
  let leaving: boolean | undefined;
  let wake: (() => void) | undefined;
  let letGo: (() => void) | undefined;

  const setUntil = (delayMs: number): unknown =>
    attempt(() => (shared.ct_until = now() + delayMs + ""));
  // More than the server may ask for is a clock that was wrong, or not ours.
  const untilMs = (): number => {
    const ms = (shared.ct_until as unknown as number) - now(); // NaN without one, which is not over 0
    return ms > MAX_WAIT_SECONDS * 1000 ? 0 : ms;
  };

  const wait = (ms: number): Promise<void> =>
    new Promise((done) => setTimeout((wake = done), ms));

  const send = async (batch: Entry[]): Promise<void> => {
    // After a failure not: others may have used up what keepalive requests may hold.
    if (!failures) sending = `${batch}`;
    setUntil(locks ? 0 : LOCK_MS);
    const seconds = await post(config, batch, !failures, note);
    setUntil(seconds! * 1000);
    sending = "";
    if (seconds !== ANSWERED) return wait(backoffMs(++failures, Math.random()));
    failures = 0;
    batch.forEach(queue.remove_);
  };

  const drain = async (): Promise<void> => {
    await wait(SETTLE_MS);
    const batch = takeBatch(queue.entries_());
    if (!batch[0] || leaving) return;
    const ms = untilMs();
    await (ms > 0 ? wait(ms) : send(batch));
    return drain();
  };

  const flush = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    // A page that goes gives the lock back, also in the middle of a request: Chromium would
    // throw it out of the back-forward cache as soon as the next page wants the lock.
    const hold = () => new Promise<void>((done) => drain().then((letGo = done)));
    // In a sandboxed frame the locks are there, but refuse.
    await (locks ? locks.request(LOCK, hold).catch(drain) : drain());
    busy = false;
  };

  return {
    add_(eventId: string, text: string, mayStore: boolean): void {
      if (mayStore) shared = disk;
      own += queue.put_(eventId, text, mayStore);
      // After the work of the page, so that what comes together is sent together.
      setTimeout(flush);
    },
    /** The page goes: a last try for what this page added and is not on its way. */
    leave_(): void {
      leaving = true;
      if (sending && !locks) setUntil(0);
      letGo?.();
      const batch = takeBatch(
        queue.entries_().filter(([key]) => own.includes(key) && !sending.includes(key)),
      );
      // It cannot tell what became of them: they stay in the queue for the next page.
      if (batch[0] && !(untilMs() > 0)) navigator.sendBeacon(...makeRequest(config, batch));
    },
    /** Leaves nothing on the device: what is being sent must not note anything there either. */
    forget_(): void {
      shared = {};
      forgetKeys(disk);
    },
    /** The page begins or is back, or consent or the network is there: no need to wait. */
    resume_(): void {
      leaving = false;
      wake?.();
      void flush();
    },
  };
};
