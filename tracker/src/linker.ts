/** One session over several sites: a link carries it, as Google's cross-domain linker does. */
import { attempt, readJson } from "./attempt.js";
import { now } from "./clock.js";
import { onLink } from "./links.js";
import { openStorage } from "./storage.js";

const PARAMETER = "_ct";
// Who copies the address and sends it to somebody takes longer, mostly.
const FRESH_MS = 120_000;

type Values = Record<string, unknown>;

/** Whether a host is one of `domains`, names with blanks between, or a part of one. */
export const isHostOf = (host: string, domains: string): boolean =>
  domains.split(/[\s,]+/).some((domain) => domain && ("." + host).endsWith("." + domain));

/** What a link to one of the sites says of the session: all but the user, and when it was said. */
const handOver = (link: HTMLAnchorElement, session: Values): void => {
  const url = new URL(link.href);
  url.searchParams.set(PARAMETER, JSON.stringify({ ...session, user_id: undefined, at: now() }));
  link.href = url.href;
};

/** Takes what a link said out of the address: it is nobody's to share, and no part of the page's. */
const takeOver = (): Values | undefined => {
  const url = new URL(location.href);
  const said = url.searchParams.get(PARAMETER);
  if (!said) return;
  url.searchParams.delete(PARAMETER);
  attempt(() => history.replaceState(history.state, "", url));
  return readJson(said) as Values | undefined;
};

const isSession = ({ session_id, sequence, at }: Values): boolean =>
  typeof session_id === "string" &&
  Number.isSafeInteger(sequence) &&
  Math.abs(now() - (at as number)) < FRESH_MS;

/** Puts the session on links to `domains`; `adopt_` goes on with the one that led here. */
export const openLinker = (domains: string, key = "ct_session_id") => {
  const store = openStorage("sessionStorage");
  let handed = takeOver();
  const { referrer } = document;
  if (referrer && !isHostOf(new URL(referrer).hostname, domains)) handed = undefined;

  onLink((link) =>
    attempt(() => {
      const session = readJson(store[key + "_data"]) as Values | undefined;
      if (session && isHostOf(link.hostname, domains)) handOver(link, session);
    }),
  );

  return {
    /** Once, and not before anything may be stored. */
    adopt_(): void {
      const session = handed;
      handed = undefined;
      if (session && isSession(session))
        attempt(() => {
          store[key] = session.session_id as string;
          store[key + "_data"] = JSON.stringify(session);
        });
    },
  };
};
