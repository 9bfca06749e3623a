/** Ids that the vendors' own scripts keep in cookies of this site. */
import { attempt } from "./attempt.js";

// A sandboxed frame may not read cookies; without this one there is no match.
const cookie = (pattern: string): string | undefined =>
  attempt(() => document.cookie.match("\\b" + pattern)![1]);

/** `_ga` is GA1.<depth>.<client id>; `_ga_<stream>` is GS1.1.<session id>... or GS2.1.s<...>. */
export const gaIds = () => ({
  ga_session_id: cookie("_ga_\\w+=GS....s?(\\d+)"),
  ga_client_id: cookie("_ga=GA....([\\d.]+)"),
});

export const metaIds = () => ({
  fbp: cookie("_fbp=([^;]+)"),
  fbc: cookie("_fbc=([^;]+)"),
});
