import { now } from "./clock.js";
import { attempt } from "./attempt.js";
import type { Keyed } from "./storage.js";
import type { WireEvent } from "./types.js";

const PREFIX = "ct_q_";
const MAX_EVENTS = 100;
// Characters. A site has 5 million in localStorage, which are not ours: longer events wait in
// memory.
const MAX_LENGTH_ON_DISK = 10_000;
const MAX_AGE_MS = 86_400_000;

export type Queue = ReturnType<typeof createQueue>;
export type Entry = [key: string, text: string];

/**
 * Events as JSON that wait to be sent: in `disk` (localStorage), or in memory where that is
 * not allowed, blocked or full. Each has a key of its own, so that tabs cannot overwrite each
 * other's. Keys begin with the time, so that they sort by it.
 */
export const createQueue = (disk: Keyed, note: (...about: unknown[]) => void) => {
  const memory: Keyed = {};
  let count = 1_000_000; // of one length, so that keys of one millisecond sort as well

  const remove = ([key]: Entry): void => {
    delete memory[key];
    attempt(() => delete disk[key]);
  };

  return {
    remove_: remove,
    put_(eventId: string, text: string, mayStore: boolean): string {
      const key = PREFIX + now() + count++ + eventId;
      if (!(mayStore && text.length < MAX_LENGTH_ON_DISK && attempt(() => (disk[key] = text)))) memory[key] = text;
      return key;
    },
    /** All, oldest first, after dropping what is too old or one too many. */
    entries_(): Entry[] {
      return (Object.entries({ ...disk, ...memory }) as Entry[])
        .filter(([key]) => key.startsWith(PREFIX))
        .sort()
        .filter(
          (entry, index, entries) =>
            (entries.length - index <= MAX_EVENTS &&
              entry[0] > PREFIX + (now() - MAX_AGE_MS) &&
              attempt(() => (JSON.parse(entry[1]) as WireEvent).event_id)) ||
            remove(entry) ||
            note("dropped", entry),
        );
    },
  };
};
