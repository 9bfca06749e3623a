import { attempt } from "./attempt.js";
import type { Tracked, Tracker } from "./types.js";

/** A tracker that takes calls as they were noted before it was there, too. */
export type RunningTracker = Tracker & { push(...calls: unknown[]): Tracked };

/** What is called: the tracker's functions, which may throw, and answer at once. */
type Functions = {
  [Name in keyof Tracker]: (...args: Parameters<Tracker[Name]>) => string | void;
};
type AnyFunction = (...args: unknown[]) => string | void;

/** A call as a list of a name and arguments, or as the `arguments` of a function. */
export const isList = (item: unknown): item is ArrayLike<unknown> =>
  typeof item === "object" && ((item as unknown[] | null)?.length as number) >= 0;

/**
 * The tracker of a page: each call is guarded by itself, so that a mistake costs only the call
 * that it is in, and the console says which.
 */
export const guardCalls = (functions: Functions): RunningTracker => {
  const run = async (name: unknown, ...args: unknown[]): Tracked =>
    attempt(() => (functions[name as keyof Tracker] as AnyFunction)(...args), String(name)) as string;
  const guarded: Record<string, (...args: unknown[]) => Tracked> = {
    // Lists, or one call as it is: a name and arguments.
    push: async (...items) => (items.every(isList) ? items : [items]).map((list) => run(...(Array.from(list) as [unknown]))).pop(),
  };
  for (const name in functions) guarded[name] = (...args) => run(name, ...args);
  return guarded as unknown as RunningTracker;
};
