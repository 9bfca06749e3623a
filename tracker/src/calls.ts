import { attempt } from "./attempt.js";
import { complain } from "./console.js";
import type { Tracked, Tracker } from "./types.js";

/** A tracker that takes calls as they were noted before it was there, too. */
export type RunningTracker = Tracker & { push(...calls: unknown[]): Tracked };

/** What is called: the tracker's functions, which may throw, and answer at once. */
type Functions = {
  [Name in keyof Tracker]: (...args: Parameters<Tracker[Name]>) => string | void;
};
type AnyFunction = (...args: unknown[]) => string | void;

const isList = (item: unknown): item is unknown[] =>
  typeof item === "object" && (item as unknown[] | null)?.length !== undefined;

/**
 * Calls as pages note them: lists of a name and arguments, and, as other trackers have it, the
 * `arguments` of a function, or name and arguments as they are, `push("trackSignup", "email")`.
 * Of those each name begins a call, and so does what takes a name's place, to be told of.
 */
export const readCalls = (
  items: unknown[],
  isName: (item: unknown) => boolean,
): unknown[][] => {
  const calls: unknown[][] = [];
  let open: unknown[] | undefined;
  items.forEach((item) => {
    if (!isList(item) && open && !isName(item)) open.push(item);
    else calls.push((open = isList(item) ? Array.from(item) : [item]));
    if (isList(item)) open = undefined;
  });
  return calls;
};

/**
 * The tracker of a page: each call is guarded by itself, so that a mistake costs only the call
 * that it is in, and the console says which.
 */
export const guardCalls = (functions: Functions): RunningTracker => {
  const names = Object.keys(functions);
  const guard =
    (name: string) =>
    async (...args: unknown[]): Tracked =>
      attempt(() => (functions[name as keyof Tracker] as AnyFunction)(...args), name) as string;
  const guarded = Object.fromEntries(names.map((name) => [name, guard(name)]));

  // Of a name that is none but is written as ours are, a misspelt one, is a call as well.
  const isName = (item: unknown): boolean =>
    typeof item === "string" && (names.includes(item) || /^track[A-Z]/.test(item));
  const call = ([name, ...args]: unknown[]): Tracked | undefined =>
    names.includes(name as string)
      ? guarded[name as string]!(...args)
      : (attempt(() => complain(`there is no function ${String(name)}`)) as undefined);

  return {
    ...(guarded as unknown as Tracker),
    push: async (...items) => readCalls(items, isName).map(call).pop(),
  };
};
