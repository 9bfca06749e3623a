import { now } from "./clock.js";
import { OWN, type Entry, type Queue } from "./queue.js";
import type { Shared } from "./storage.js";
import { ANSWERED, makeRequest, MAX_WAIT_SECONDS, post } from "./transport.js";
import type { Config } from "./types.js";

// Browsers refuse more than 64 KiB in all requests that may outlive their page together.
const MAX_BATCH_BYTES = 60_000;
const MAX_BACKOFF_SECONDS = 300;
// What another tab has just sent and removed, this one sees 2 ms later (Chromium, measured).
const SETTLE_MS = 20;

/** Exponential from one second, half of it left to chance, so that browsers spread. */
export const backoffMs = (failures: number, random: number): number =>
  (1 + random) * 250 * Math.min(2 ** failures, MAX_BACKOFF_SECONDS * 2);

/**
 * As many of the entries as fit into one request, and at least one. A character is three bytes
 * at most, mostly one, which leaves room for what is around each; to count takes longer.
 */
export const takeBatch = (entries: Entry[]): Entry[] => {
  let bytes = 0;
  return entries.filter(
    ([, text], index) => (bytes += text.length * 3) < MAX_BATCH_BYTES || !index,
  );
};

/**
 * Sends what the queue holds, one request at a time, until it is empty: what is new in this page at
 * once, for no other tab knows of it; what failed, or another page left, one tab at a time, where
 * there are Web Locks.
 * An event leaves the queue when the server has answered for it. What may have arrived
 * unseen is sent again; its id makes that harmless.
 */
export const createDelivery = (
  config: Config,
  queue: Queue,
  shared: Shared,
  note: (...about: unknown[]) => void,
) => {
  // What is on its way, as one text.
  let sending = "";
  let failures = 0;
  let busy: boolean | undefined;
  let leaving: boolean | undefined;
  let wake: (() => void) | undefined;
  let letGo: (() => void) | undefined;

  // More than the server may ask for is a clock that was wrong, or not ours.
  const untilMs = (): number => {
    const ms = (shared.get_("until") as unknown as number) - now(); // NaN without one
    return ms > 0 && ms < MAX_WAIT_SECONDS * 1000 ? ms : 0;
  };

  const wait = (ms: number): Promise<void> =>
    new Promise((done) => setTimeout((wake = done), ms));

  const send = async (batch: Entry[]): Promise<void> => {
    // After a failure not: others may have used up what keepalive requests may hold.
    if (!failures) sending = `${batch}`;
    const seconds = await post(config, batch, !failures, note);
    // The time from which on tabs may send.
    if (seconds) shared.set_("until", (now() + seconds * 1000) as unknown as string);
    sending = "";
    if (seconds === ANSWERED) {
      failures = 0;
      return queue.remove_(batch);
    }
    queue.share_("");
    return wait(backoffMs(++failures, Math.random()));
  };

  /** Until nothing is left; `alone`, without a turn, true where what is left needs one. */
  const drain = async (alone?: boolean): Promise<unknown> => {
    if (!alone) await wait(SETTLE_MS);
    const batch = takeBatch(queue.entries_());
    if (!batch[0] || leaving) return;
    const ms = untilMs();
    if (alone && (ms || !batch.every(queue.isOwn_))) return true;
    await (ms ? wait(ms) : send(batch));
    return drain(alone);
  };

  const takeTurn = (): Promise<unknown> => {
    // A page that goes gives the lock back, also in the middle of a request: Chromium would
    // throw it out of the back-forward cache as soon as the next page wants the lock.
    const hold = () => new Promise<unknown>((done) => drain().then((letGo = done as () => void)));
    const locks = navigator.locks as LockManager | undefined;
    // In a sandboxed frame the locks are there, but refuse.
    return (locks?.request("ct:" + config.endpoint, hold) ?? drain()).catch(() => drain());
  };

  const flush = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    if (await drain(true)) {
      queue.share_("");
      await takeTurn();
      if (!leaving) queue.share_(OWN);
    }
    busy = false;
  };

  return {
    add_(id: string, text: string): void {
      queue.put_(id, text);
      // After the work of the page, so that what comes together is sent together.
      setTimeout(flush);
    },
    /** The page goes: a last try for what this page added and is not on its way. */
    leave_(): void {
      leaving = true;
      letGo?.();
      const batch = takeBatch(
        // What is too large for a beacon waits for the next page.
        queue.share_("").filter(([id, text]) => text.length < MAX_BATCH_BYTES && !sending.includes(id)),
      );
      // It cannot tell what became of them: they stay in the queue for the next page.
      if (batch[0] && !untilMs()) navigator.sendBeacon(...makeRequest(config, batch));
    },
    flush_: flush,
    /** Leaves nothing of it on the device; nor here, where it `wasStored`. */
    forget_(wasStored: boolean): void {
      shared.forget_();
      if (wasStored) queue.forget_();
    },
    /** The page or the network is back: no need to wait. */
    resume_(): void {
      leaving = false;
      wake?.();
      void flush();
    },
  };
};
