import { attempt } from "./attempt.js";
import { globals } from "./globals.js";
import type { Config, WireEvent } from "./types.js";

/** Loads pixels, and tells them of an event: pixels.ts, or who gets it first. */
export type TellPixels = (config: Config, event?: WireEvent) => unknown;

/** Whether there is a pixel to tell, or one to load. A blocker may guard their names. */
export const hasPixels = (config: Config): unknown =>
  config.loadPixels ||
  ["fbq", "gtag", "lintrk"].some((pixel) => attempt(() => globals[pixel]));
