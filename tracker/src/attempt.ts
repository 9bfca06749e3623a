import { complain } from "./console.js";

/**
 * What `work` returns, or undefined where it throws: the tracker never breaks a page. What
 * cannot be done is left out; where `what` names it, the console says so.
 */
export const attempt = <T>(work: () => T, what?: string): T | undefined => {
  try {
    return work();
  } catch (error) {
    if (what) attempt(() => complain(`${what}: ${error}`));
  }
};

/** What a text says in JSON; nothing where it does not, or there is none: to throw takes long. */
export const readJson = (text?: string): unknown =>
  text && attempt(() => JSON.parse(text) as unknown);
