// The names of secrets in addresses and forms, from the collector's own list: what the tracker
// takes out of an address, the collector would.
import { readFileSync } from "node:fs";

const file = readFileSync(new URL("../collector/redaction/names.toml", import.meta.url), "utf8");
const [, list] = file.match(/^\[secret\]\nparts = \[((?:\s*".+",)+)\n\]/m);

// Its groups are not asked for: the shorter kind does.
const pattern = JSON.parse(`[${list.replace(/,$/, "")}]`).join("|").replaceAll("(?:", "(");

/** What SECRET_NAMES in src/redact.ts is, in the builds and in the tests. */
export const names = { SECRET_NAMES: JSON.stringify(pattern) };

/** A script with the pattern as it is written shortest; it has nothing to escape. */
export const withPattern = (script) =>
  script.replace(`RegExp(${names.SECRET_NAMES}, "i")`, () => `/${pattern}/i`);
