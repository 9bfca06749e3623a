import { attempt } from "./attempt.js";
import { globals } from "./globals.js";

/** Storage by its keys. All of ours in localStorage begin with `ct_`. */
export type Keyed = Record<string, string | undefined>;

/** Blocked storage throws when the property itself is read; then it is an empty object. */
export const openStorage = (name: "localStorage" | "sessionStorage"): Keyed =>
  attempt(() => globals[name] as Keyed) ?? {};

/** Removes all that is ours. */
export const forgetKeys = (store: Keyed): void => {
  for (const key in store) if (key.startsWith("ct_")) delete store[key];
};
