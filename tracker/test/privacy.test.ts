import { afterEach, expect, test } from "vitest";
import { COUNT, EVERYTHING, NOTHING, WAIT } from "../src/levels.js";
import { mayTrack } from "../src/privacy.js";
import type { Config } from "../src/types.js";

const endpoint = "https://gateway.example";
const signal = (name: string, value: unknown) =>
  Object.defineProperty(navigator, name, { value, configurable: true });

afterEach(() => {
  signal("globalPrivacyControl", undefined);
  signal("doNotTrack", null);
});

test.each<[Config["privacySignal"], number]>([
  ["off", NOTHING],
  ["count", COUNT],
  ["on", EVERYTHING],
  [undefined, COUNT],
])("with the privacy signal set to %s, %i is allowed", (privacySignal, level) => {
  expect(mayTrack({ endpoint, privacySignal }, {})).toBe(EVERYTHING);
  signal("globalPrivacyControl", true);
  expect(mayTrack({ endpoint, privacySignal }, {})).toBe(level);
  signal("globalPrivacyControl", undefined);
  signal("doNotTrack", "1");
  expect(mayTrack({ endpoint, privacySignal }, {})).toBe(level);
  signal("doNotTrack", "0");
  expect(mayTrack({ endpoint, privacySignal }, {})).toBe(EVERYTHING);
});

test.each<[Config["consent"], boolean | undefined, number]>([
  [undefined, undefined, EVERYTHING],
  [undefined, true, EVERYTHING],
  [undefined, false, NOTHING],
  ["required", undefined, WAIT],
  ["required", true, EVERYTHING],
  ["required", false, NOTHING],
  ["count", undefined, COUNT],
  ["count", true, EVERYTHING],
  ["count", false, COUNT],
])("consent %s and the answer %s allow %i", (consent, analytics, level) => {
  expect(mayTrack({ endpoint, consent }, { analytics })).toBe(level);
});
