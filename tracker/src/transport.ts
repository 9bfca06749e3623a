import type { Config } from "./types.js";

// The gateway answers within 12 s (kong/kong.yml).
const TIMEOUT_MS = 15_000;
// In place of seconds to wait: there is nothing left to send.
export const ANSWERED = -1;
export const MAX_WAIT_SECONDS = 3600;

/** Address and body for events that are JSON already: one goes to /track, several to /batch. */
export const makeRequest = (
  { endpoint }: Config,
  events: string[],
): [address: string, body: string] => {
  // The device's clock at sending corrects occurred_at.
  const sent = events.map((event) => event.replace("{", `{"sent_at":${Date.now()},`)).join();
  const address = endpoint + "/v1/events/";
  return events[1] ? [address + "batch", `{"events":[${sent}]}`] : [address + "track", sent];
};

const request = async (
  config: Config,
  events: string[],
  keepalive: boolean,
  again: boolean,
): Promise<Response> => {
  const [address, body] = makeRequest(config, events);
  const token = await config.token?.(again);
  const response = await fetch(address, {
    method: "POST",
    // A text without headers of ours is text/plain, and needs no preflight.
    body,
    keepalive,
    signal: AbortSignal.timeout?.(TIMEOUT_MS),
    ...(token && { credentials: "include", headers: { Authorization: "Bearer " + token } }),
  });
  return response.status === 401 && token && !again
    ? request(config, events, keepalive, true)
    : response;
};

/**
 * Sends. ANSWERED when the server has answered for the events, be it that it refused them;
 * else they must be sent again, after at least so many seconds. Never rejects.
 *
 * A 503 for a batch says of each event whether it was stored. All are sent again: their ids
 * make that harmless.
 */
export const post = async (
  config: Config,
  events: string[],
  keepalive: boolean,
  note: (...about: unknown[]) => void,
): Promise<number> => {
  try {
    const { status, headers } = await request(config, events, keepalive, false);
    note("answered", status);
    return status === 429 || status >= 500
      ? Math.min(+(headers.get("Retry-After") as string) || 0, MAX_WAIT_SECONDS)
      : ANSWERED;
  } catch (error) {
    note("failed", error);
    return 0;
  }
};
