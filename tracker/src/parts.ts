import { complain } from "./console.js";

/**
 * Another part of the script, from beside this one, which the browser loads once; nothing where
 * it does not come, and the console says so.
 */
export const loadPart = <Part>(name: string): Promise<Part | undefined> =>
  (import(import.meta.url.replace(/\w+((\.js)?(\?.*)?)$/, name + "$1")) as Promise<Part>).catch(
    (error) => complain(name + ": " + error) as undefined,
  );
