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

// Stands before an event that its page sends by itself: other tabs leave it alone, unless its page
// should long have had an answer, and so is no more.
export const OWN = " ";
const OWN_MS = 20_000;
// What is not answered by then is written, so that it outlives a page that crashes.
const KEEP_MS = 1000;

const ageOf = (id: string): number => now() - parseInt(id.replace("-", ""), 16);

/**
 * Events that wait to be sent, each until it is answered: in this page's memory, and in what all
 * tabs share where that takes longer than a moment, or the page is hidden or left; mostly an event
 * never stands there. Of one that did the id stays for a while when it is answered, for the tab
 * that has the event in its memory.
 */
export const createQueue = (shared: Shared) => {
  // This page's own. Until storing is allowed what all tabs share is this page's alone, too.
  let own: Keyed = {};
  // What the page has it sends by itself, or any tab may.
  let mark = OWN;

  // What would be too much stays in memory alone.
  const write = (events: Keyed): void => {
    for (const id in own) events[id] = mark + own[id];
    const text = JSON.stringify(Object.fromEntries(Object.entries(events).slice(-MAX_STORED)));
    if (text.length < MAX_LENGTH) shared.set_("queue", text);
  };

  /** What may be stored, of this page and others, and which of it is answered. */
  const readAll = (): Keyed => {
    const events = { ...(readJson(shared.get_("queue")) as Keyed) };
    for (const id in own) if (events[id] === "") delete own[id];
    return events;
  };

  const remove = (entries: Entry[]): void => {
    const events = readAll();
    // Nobody else knows of what was never written.
    if (entries.filter(([id]) => delete own[id] && events[id] && !(events[id] = ""))[0]) write(events);
  };

  /** Writes this page's own, where there is any: it may have cleared its storage, too. */
  const keep = (): void => {
    if (Object.keys(own)[0]) write(readAll());
  };

  // Who leaves may never come back.
  addEventListener("visibilitychange", keep);
  return {
    remove_: remove,
    put_(id: string, text: string): void {
      own[id] = text;
      setTimeout(keep, KEEP_MS);
      if (!mark || document.hidden) keep();
    },
    /** From now on any tab may send what this page has, or, as OWN, the page itself. What it has. */
    share_(as: string): Entry[] {
      mark = as;
      keep();
      return Object.entries(own) as Entry[];
    },
    /** Whether it sends an event by itself. */
    isOwn_: ([id]: Entry): unknown => mark && own[id],
    /** All, oldest first, after dropping what is too old, one too many or no event. */
    entries_(): Entry[] {
      const waiting = (Object.entries({ ...readAll(), ...own }) as Entry[]).filter(
        ([id, text]) => text && !(text[0] === OWN && ageOf(id) < OWN_MS),
      );
      const good = waiting
        .slice(-MAX_EVENTS)
        .filter(([id, text]) => ageOf(id) < MAX_AGE_MS && (readJson(text) as WireEvent)?.event_id);
      remove(waiting.filter((entry) => !good.includes(entry)));
      return good;
    },
    /** Its events are gone. */
    forget_(): void {
      own = {};
    },
  };
};
