// The names of the click ids that a session keeps on all its pages: those of the collector's
// own list that it marks for the tracker.
import { readFileSync } from "node:fs";

const list = readFileSync(
  new URL("../collector/classify/data/click_ids.toml", import.meta.url),
  "utf8",
);

const names = list.match(/^\w+(?= *= *\{.*tracker = true)/gm);
// The longest first: so they compress best.
names.sort((one, other) => other.length - one.length);

/** What CLICK_IDS in src/attribution.ts is, in the builds and in the tests. */
export const define = { CLICK_IDS: JSON.stringify(names.join("|")) };
