// The names of the click ids that the collector knows, from its own list: a session keeps on
// all its pages what the collector counts on the first one.
import { readFileSync } from "node:fs";

const list = readFileSync(
  new URL("../collector/classify/data/click_ids.toml", import.meta.url),
  "utf8",
);

/** What CLICK_IDS in src/attribution.ts is, in the builds and in the tests. */
export const define = {
  CLICK_IDS: JSON.stringify(list.match(/^\w+(?= *= *\{)/gm).join(" ")),
};
