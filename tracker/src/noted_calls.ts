import { isList } from "./calls.js";

// Also one that is none of ours but is written as they are, a misspelt one.
const isName = (item: unknown): boolean =>
  typeof item === "string" && /^(track[A-Z]|identify$|setConsent$|startPageViews$)/.test(item);

/**
 * Calls as a page noted them before there was a tracker: lists and, as other trackers have it,
 * names and arguments as they are, `push("trackSignup", "email")`. Of those each name begins a
 * call, and so does what takes a name's place, to be told of.
 */
export const readCalls = (items: unknown[]): ArrayLike<unknown>[] => {
  const calls: ArrayLike<unknown>[] = [];
  let open: unknown[] | undefined;
  for (const item of items)
    if (isList(item)) {
      calls.push(item);
      open = undefined;
    } else if (open && !isName(item)) open.push(item);
    else calls.push((open = [item]));
  return calls;
};
