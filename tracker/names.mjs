// The names of secrets in addresses and forms, from the collector's own list: what the tracker
// takes out of an address, the collector would.
import { readFileSync } from "node:fs";

const file = readFileSync(new URL("../collector/redaction/names.toml", import.meta.url), "utf8");

/** The texts of a list of a table of the file. */
const read = (table, list) => {
  const [, section] = file.split(`[${table}]\n`);
  const [, texts] = section.split(/\n\[\w+\]\n/)[0].match(RegExp(`^${list} = \\[([^\\]]*(?:\\][^\\n]*[^\\]]*)*?)\\n?\\]$`, "m"));
  return JSON.parse(`[${texts.replace(/,\s*$/, "")}]`);
};

// As a word of a name, whose words stand apart.
const words = (table) => `(?:^|[^a-z])(?:${read(table, "words").join("|")})(?:[^a-z]|$)`;

// Their groups are not asked for: the shorter kind does.
const pattern = (...parts) => parts.join("|").replaceAll("(?:", "(");

const patterns = {
  SECRET_NAMES: pattern(...read("secret", "parts")),
  PERSONAL_NAMES: pattern(...read("other", "parts"), words("other")),
  LONG_NAMES: pattern(words("long")),
};

/** What they are in src/redact.ts, in the builds and in the tests. */
export const names = Object.fromEntries(
  Object.entries(patterns).map(([name, pattern]) => [name, JSON.stringify(pattern)]),
);

/** A script with the patterns as they are written shortest; they have nothing to escape. */
export const withPattern = (script) =>
  Object.values(patterns).reduce(
    (text, pattern) => text.replace(`RegExp(${JSON.stringify(pattern)}, "i")`, () => `/${pattern}/i`),
    script,
  );
