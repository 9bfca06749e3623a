import { now } from "./clock.js";
import type { Attribution } from "./attribution.js";
import { attempt } from "./attempt.js";
import { openStorage } from "./storage.js";
import { randomDigits } from "./uuid.js";

/** What all events of a session have in common, under its names on the wire. */
export interface Session extends Landing {
  session_id: string;
  /** The session's events so far. */
  sequence: number;
  user_id?: string | null;
}

/** What the first page knew of where the visit came from. */
export interface Landing extends Attribution {
  referrer: string;
}

/**
 * The session: its id under `key` in sessionStorage, as other scripts may read it, and the
 * whole of it beside. Stored data that does not name this id, be it garbage, is not believed.
 * Nothing is read or written before a call says that storing is allowed.
 */
export const createSessions = (key: string, landing: Landing) => {
  const store = openStorage("sessionStorage");
  const dataKey = key + "_data";
  let session: Session;

  const begin = (): void => {
    session = {
      session_id: "session_" + now() + "_" + randomDigits(12),
      sequence: 0,
      ...landing,
    };
  };

  // Each time: another page of this tab, in the back-forward cache, may have counted.
  const load = (): void => {
    const stored = JSON.parse(store[dataKey] as string) as Session;
    if (stored.session_id === store[key])
      session = {
        // What the session does not have yet, a later page may add.
        ...landing,
        ...stored,
        // Where writing fails, memory is ahead of the storage.
        sequence: Math.max(stored.sequence, session.sequence),
      };
  };

  begin();
  return {
    /** Counts an event. A `user` becomes the session's user, null forgets it. */
    next_(mayStore: boolean, user?: string | null): Session {
      if (mayStore) attempt(load);
      session.sequence++;
      if (user !== undefined) session.user_id = user;
      if (mayStore)
        attempt(() => {
          store[key] = session.session_id;
          store[dataKey] = JSON.stringify(session);
        });
      return session;
    },
    /** Ends the session and leaves nothing of it on the device. */
    forget_(): void {
      attempt(() => delete store[key] && delete store[dataKey]);
      begin();
    },
  };
};
