import { globals } from "./globals.js";
import { attempt } from "./attempt.js";
import { loadPart } from "./parts.js";
import { mayMarket } from "./privacy.js";
import type { Config, Consent, WireEvent } from "./types.js";

/** Whether there is a pixel to tell, or one to load. A blocker may guard their names. */
const hasPixels = (config: Config): unknown =>
  config.loadPixels ||
  ["fbq", "gtag", "lintrk"].some((pixel) => attempt(() => globals[pixel]));

/** Tells the pixels of an event by `t.pixels.js`, which the browser loads once. */
export const tellPixels = (config: Config, consent: Consent, event?: WireEvent): void => {
  if (mayMarket(config, consent) && hasPixels(config))
    void loadPart<{ tellPixels: typeof tellPixels }>("pixels").then((part) =>
      part?.tellPixels(config, consent, event),
    );
};
