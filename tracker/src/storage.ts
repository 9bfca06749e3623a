import { attempt } from "./attempt.js";
import { globals } from "./globals.js";

/** Storage by its keys. */
export type Keyed = Record<string, string | undefined>;

/** Blocked storage throws when the property itself is read; then it is an empty object. */
export const openStorage = (name: "localStorage" | "sessionStorage"): Keyed =>
  attempt(() => globals[name] as Keyed) ?? {};

const NAMES = ["queue", "sessions", "until", "visitor"] as const;
type Name = (typeof NAMES)[number];

export type Shared = ReturnType<typeof openShared>;

/**
 * What all tabs share, in localStorage, under keys that name the gateway: another one's
 * tracker may be on the same origin. Until storing is allowed it is this page's alone.
 */
export const openShared = (gateway: string) => {
  const keyOf = (name: Name): string => `ct:${gateway}:${name}`;
  let store: Keyed = {};

  const allow = (): unknown => (store = openStorage("localStorage")).ct_ignore;

  return {
    /** Answers whether the visitor asked not to be counted (docs/tracker.md#your-own-visits). */
    allow_: allow,
    get_: (name: Name): string | undefined => attempt(() => store[keyOf(name)]),
    /** Where storage is full, nothing changes. */
    set_: (name: Name, value: string): unknown => attempt(() => (store[keyOf(name)] = value)),
    /** Leaves nothing on the device: what is being sent must not note anything there either. */
    forget_(): void {
      allow();
      NAMES.forEach((name) => attempt(() => delete store[keyOf(name)]));
      store = {};
    },
  };
};
