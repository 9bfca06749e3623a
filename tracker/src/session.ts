import { attempt, readJson } from "./attempt.js";
import { tagsOf, type Landing, type Touch } from "./attribution.js";
import { now } from "./clock.js";
import { openStorage, type Shared } from "./storage.js";
import type { Config } from "./types.js";
import { randomDigits } from "./uuid.js";

/** What all events of a session have in common, under its names on the wire. */
export interface Session extends Touch {
  session_id: string;
  /** The session's events so far. */
  sequence: number;
  user_id?: string | null;
}

interface Stored extends Session {
  /** When its last event was, in epoch milliseconds. */
  at: number;
}

/**
 * The session: its id under `sessionKey` in sessionStorage, as other scripts may read it, and
 * the whole of it beside. Stored data that does not name this id, be it garbage, is not
 * believed. Sessions of all tabs stand in what tabs share, the latest first: for a new tab, and
 * so that two tabs of one session do not count alike. Nothing is read or written before a call
 * says that storing is allowed.
 */
export const createSessions = (config: Config, landing: Landing, shared: Shared) => {
  const store = openStorage("sessionStorage");
  const key = config.sessionKey ?? "ct_session_id";
  const dataKey = key + "_data";
  const { touch_: touch, isFromOwnSite_: isFromOwnSite } = landing;
  let session: Stored | undefined;
  // All tabs', as they were read last.
  let others: Stored[];
  // Whether this page's landing was looked at: it begins one session at most.
  let arrived: boolean | undefined;

  const isAlive = ({ at }: Stored): boolean =>
    Math.abs(now() - at) < (config.sessionMinutes ?? 30) * 60_000;

  /** What the tab, or the one it was opened from, goes on with. */
  const load = (): void => {
    others = [readJson(shared.get_("sessions")) ?? []].flat() as Stored[];
    const stored = readJson(store[dataKey]) as Stored | undefined;
    const [latest] = others;
    // Each time: another page of this tab, in the back-forward cache, may have counted.
    const known =
      stored && stored.session_id === store[key]
        ? stored
        : (session ?? (isFromOwnSite && latest && isAlive(latest) ? latest : undefined));
    if (!known) return;
    // Where writing fails, memory is ahead of the storage; another tab may be, too.
    [session] = [known, session, ...others]
      .filter((other) => other?.session_id === known.session_id)
      .sort((one, other) => other!.sequence - one!.sequence);
  };

  const save = ({ session_id }: Stored): void => {
    attempt(() => {
      store[key] = session_id;
      store[dataKey] = JSON.stringify(session);
    });
    others = others.filter((other) => other && isAlive(other) && other.session_id !== session_id);
    shared.set_("sessions", JSON.stringify([session, ...others]));
  };

  const begin = (touch: Touch): Stored => ({
    session_id: "session_" + now() + "_" + randomDigits(12),
    sequence: 0,
    at: now(),
    user_id: session?.user_id,
    ...touch,
  });

  const isNewTouch = (known: Touch): boolean =>
    landing.isArrival_ &&
    !isFromOwnSite &&
    !config.keepSession &&
    Object.entries(tagsOf(touch)).some(([name, value]) => tagsOf(known)[name] !== value);

  /** The session that the next event belongs to. */
  const current = (mayStore: boolean): Stored => {
    if (mayStore) attempt(load);
    const untagged = { utm_params: {}, click_ids: {}, referrer: arrived ? "" : touch.referrer };
    if (session && (arrived || !isNewTouch(session)) && isAlive(session)) return session;
    // Tags of the site itself are taken where nothing of a visit is known, as after a redirect.
    const isUntagged = session ? arrived || isFromOwnSite : isFromOwnSite && !mayStore;
    return begin(isUntagged ? untagged : touch);
  };

  return {
    /** Counts an event. A `user` becomes the session's user, null forgets it. */
    next_(mayStore: boolean, user?: string | null): Session {
      session = current(mayStore);
      arrived = true;
      session.at = now();
      session.sequence = (+session.sequence || 0) + 1;
      if (user !== undefined) session.user_id = user;
      if (mayStore) save(session);
      return { ...session, at: undefined } as Session;
    },
    /** Ends the session and leaves nothing of it on the device. */
    forget_(): void {
      attempt(() => delete store[key] && delete store[dataKey]);
      session = undefined;
    },
  };
};
