import { readJson } from "./attempt.js";
import { now } from "./clock.js";
import type { Keyed, Shared } from "./storage.js";
import type { WireEvent } from "./types.js";

const MAX_EVENTS = 100;
const MAX_AGE_MS = 86_400_000;
// Those that wait, and answered ones that another tab may have in its memory.
const MAX_STORED = 200;
// Characters. A site has 5 million in localStorage, which are not ours.
const MAX_LENGTH = 500_000;

export type Queue = ReturnType<typeof createQueue>;
/** An event's id, a UUID version 7, and the event as JSON; of an answered one there is no more. */
export type Entry = [id: string, text: string];

const isOld = (id: string): boolean => now() - parseInt(id.replace("-", ""), 16) > MAX_AGE_MS;

/**
 * Events that wait to be sent, each until it is answered: in this page's memory, for a page may
 * clear its storage, and in what all tabs share, for a page may be closed. Of an answered event
 * the id stays there for a while, for the tab that has the event in its memory.
 */
export const createQueue = (shared: Shared, note: (...about: unknown[]) => void) => {
  // This page's own: events that may be stored, and others.
  let stored: Keyed = {};
  const unstored: Keyed = {};

  // What would be too much stays in memory alone.
  const write = (events: Keyed): void => {
    const text = JSON.stringify(Object.fromEntries(Object.entries(events).slice(-MAX_STORED)));
    if (text.length < MAX_LENGTH) shared.set_("queue", text);
  };

  /** What may be stored, of this page and others, and which of it is answered. */
  const readAll = (): Keyed => {
    const events = { ...(readJson(shared.get_("queue")) as Keyed) };
    for (const id in stored) if (events[id] === "") delete stored[id];
    return { ...events, ...stored };
  };

  const remove = (entries: Entry[]): void => {
    const events = readAll();
    entries.forEach(([id]) => {
      events[id] = "";
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
      const waiting = (Object.entries({ ...readAll(), ...unstored }) as Entry[]).filter(
        ([, text]) => text,
      );
      const good = waiting
        .slice(-MAX_EVENTS)
        .filter(([id, text]) => !isOld(id) && (readJson(text) as WireEvent)?.event_id);
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
