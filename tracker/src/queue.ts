import { attempt } from "./attempt.js";
import { now } from "./clock.js";
import type { Keyed, Shared } from "./storage.js";
import type { WireEvent } from "./types.js";

const MAX_EVENTS = 100;
const MAX_AGE_MS = 86_400_000;
// For so long a tab may have an event in its memory that another tab has sent.
const MAX_AGE_OF_ANSWERED_MS = 600_000;
// Characters. A site has 5 million in localStorage, which are not ours.
const MAX_LENGTH = 500_000;
const ID_LENGTH = 36;

export type Queue = ReturnType<typeof createQueue>;
/** An event's id, a UUID version 7, and the event as JSON. */
export type Entry = [id: string, text: string];

const timeOf = (id: string): number => parseInt(id.replace("-", ""), 16);

const oldestFirst = (events: Keyed): Entry[] =>
  (Object.entries(events) as Entry[]).sort(([one], [other]) => timeOf(one) - timeOf(other));

/**
 * Events that wait to be sent, each until it is answered: in this page's memory, for a page may
 * clear its storage, and in what all tabs share, for a page may be closed. There they are the
 * lines of one key, each an id and an event. Of an answered event the id stays for a while, for
 * the tab that has the event in its memory.
 */
export const createQueue = (shared: Shared, note: (...about: unknown[]) => void) => {
  // This page's own: events that may be stored, and others.
  let stored: Keyed = {};
  const unstored: Keyed = {};

  const read = (): Keyed =>
    Object.fromEntries(
      (shared.get_("queue") ?? "")
        .split("\n")
        .map((line) => [line.slice(0, ID_LENGTH), line.slice(ID_LENGTH)]),
    );

  const write = (events: Keyed): void => {
    let length = 0;
    const lines = oldestFirst(events)
      .filter(([id, text]) => now() - timeOf(id) < (text ? MAX_AGE_MS : MAX_AGE_OF_ANSWERED_MS))
      .map(([id, text]) => id + text)
      .reverse()
      .filter((line) => (length += line.length) < MAX_LENGTH);
    shared.set_("queue", lines.reverse().join("\n"));
  };

  /** What may be stored, of this page and others, and which of it is answered. */
  const readAll = (): Keyed => {
    const events = read();
    for (const id in stored) if (events[id] === "") delete stored[id];
    return { ...events, ...stored };
  };

  const remove = (entries: Entry[]): void => {
    const events = readAll();
    entries.forEach(([id]) => {
      if (events[id]) events[id] = "";
      delete stored[id];
      delete unstored[id];
    });
    write(events);
  };

  return {
    remove_: remove,
    put_(id: string, text: string, mayStore: boolean): void {
      (mayStore ? stored : unstored)[id] = text;
      if (mayStore) write(readAll());
    },
    /** This page's own, stored once more: it is leaving, and may have cleared its storage. */
    leave_(): Entry[] {
      write(readAll());
      return Object.entries({ ...stored, ...unstored }) as Entry[];
    },
    /** All, oldest first, after dropping what is too old, one too many or no event. */
    entries_(): Entry[] {
      const waiting = oldestFirst({ ...readAll(), ...unstored }).filter(([, text]) => text);
      const good = waiting.filter(
        ([id, text], index) =>
          waiting.length - index <= MAX_EVENTS &&
          now() - timeOf(id) < MAX_AGE_MS &&
          attempt(() => (JSON.parse(text) as WireEvent).event_id),
      );
      const bad = waiting.filter((entry) => !good.includes(entry));
      if (bad[0]) {
        note("dropped", ...bad);
        remove(bad);
      }
      return good;
    },
    /** The events that were stored are gone. */
    forget_(): void {
      stored = {};
    },
  };
};
