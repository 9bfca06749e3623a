import { attempt } from "./attempt.js";
import { isDoubtful } from "./attribution.js";
import { globals } from "./globals.js";
import type { Config, WireEvent } from "./types.js";

/** What few pages need. The script loads it where one does; a module has it from the start. */
export interface Extra extends Omit<typeof import("./extra.js"), "default"> {
  finish: typeof import("./finish.js").finish;
  tellPixels: typeof import("./pixels.js").tellPixels;
  /** Makes the tracker, with an extra as the settings want it. */
  prepare: (config: Config, create: (extra: Extra) => void, extra: Extra) => void;
}

/** Calls back with the extra, or without one where it cannot be loaded. */
export type WithExtra = (use: (extra?: Extra) => void) => void;

/**
 * Whether nothing is unusual: no pixel (Google's is a list, whatever function there is beside it),
 * which has ids in cookies, and whose name a blocker may guard; and a browser that the User-Agent
 * header tells, unlike Brave, and an iPad, which says it is a Mac.
 */
const isUsual = (): boolean =>
  !(
    globals.fbq ||
    globals.dataLayer ||
    globals.lintrk ||
    "brave" in navigator ||
    (navigator.maxTouchPoints > 1 && navigator.userAgent.includes("Macintosh"))
  );

/** Whether the extra has something to say of an event, or of what is in it. */
export const needsExtra = (event: WireEvent, referrer: string): unknown =>
  event.form_data || isDoubtful(event.page_url + referrer) || !attempt(isUsual);
