import { attempt } from "./attempt.js";

/** Storage by its keys. All of ours in localStorage begin with `ct_`. */
export type Keyed = Record<string, string | undefined>;

/** Blocked storage throws when the property itself is read; then it is an empty object. */
export const openStorage = (name: "localStorage" | "sessionStorage"): Keyed =>
  attempt(() => globalThis[name]) ?? {};

/** Removes all that is ours. */
export const forgetKeys = (store: Keyed): void =>
  Object.keys(store).forEach((key) => key.startsWith("ct_") && delete store[key]);
