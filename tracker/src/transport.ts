import { takesFunctions } from "./globals.js";
import { now } from "./clock.js";
import type { Entry } from "./queue.js";
import type { Config } from "./types.js";

// The gateway answers within 12 s (kong/kong.yml).
const TIMEOUT_MS = 15_000;
// In place of seconds to wait: there is nothing left to send. No Retry-After can be that.
export const ANSWERED = null;
export const MAX_WAIT_SECONDS = 3600;

interface Answer {
  success?: boolean;
}

/** Address and body for what waits: one event goes to /track, several to /batch. */
export const makeRequest = (config: Config, entries: Entry[]): [address: string, body: string] => {
  // The device's clock at sending corrects occurred_at.
  const sent = entries
    .map(([, event]) => event.replace("{", `{"sent_at":${now()},`))
    .join();
  const address = config.endpoint + "/v1/events/";
  return entries[1] ? [address + "batch", `{"events":[${sent}]}`] : [address + "track", sent];
};

/**
 * Sends. ANSWERED when the server has answered for the events, be it that it will never take
 * them; else they must be sent again, after at least so many seconds, or NaN where it names
 * none as a number. Never rejects.
 *
 * Statuses up to 422 are about what was sent, but for 408, a server or a network that was too
 * slow, and 421, another server's connection. Those above are about the moment: 425, 429, 431
 * (cookies change), 5xx.
 *
 * A status below 400 is an answer only with our JSON: a captive portal's page, or a log-in page
 * after a redirect, has it too.
 *
 * A 503 for a batch says of each event whether it was stored. All are sent again: their ids
 * make that harmless.
 */
export const post = async (
  config: Config,
  entries: Entry[],
  keepalive: boolean,
  note: (...about: unknown[]) => void,
  again = false,
): Promise<number | typeof ANSWERED> => {
  try {
    const [address, body] = makeRequest(config, entries);
    const token = takesFunctions ? await config.token?.(again) : undefined;
    const answer = await fetch(address, {
      method: "POST",
      // A text without headers of ours is text/plain, and needs no preflight.
      body,
      signal: AbortSignal.timeout?.(TIMEOUT_MS),
      keepalive,
      ...(takesFunctions && token && { credentials: "include", headers: { Authorization: "Bearer " + token } }),
    });
    const { status, headers } = answer;
    note("answered", status);
    // A page of who is in between, such as a network that wants a log-in, is no answer of ours.
    if (status < 400 && (await answer.json() as Answer).success === undefined) throw Error();
    if (takesFunctions && status === 401 && token && !again)
      return post(config, entries, keepalive, note, true);
    return status > 422 || status === 408 || status === 421
      ? Math.min(headers.get("Retry-After") as unknown as number, MAX_WAIT_SECONDS)
      : ANSWERED;
  } catch (error) {
    note("failed", error);
    return 0;
  }
};
