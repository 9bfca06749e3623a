import { expect, test } from "vitest";
import * as auto from "../src/auto_script.js";
import * as consent from "../src/consent_script.js";
import * as extra from "../src/extra_script.js";
import * as pixels from "../src/pixels.js";

// What scripts of released versions call of their parts (README.md, Rules): names may be added,
// and none be taken away or be called otherwise, while such a script may be in a browser's cache.
const CALLED = {
  extra: [
    "changeConsent",
    "finish",
    "followHistory",
    "mayTrack",
    "prepare",
    "readCalls",
    "readDevice",
    "redactUrl",
    "tellPixels",
  ],
  auto: ["start"],
  consent: ["follow"],
  pixels: ["tellPixels"],
};

test.each([
  ["extra", extra],
  ["auto", auto],
  ["consent", consent],
  ["pixels", pixels],
])("t.%s.js has what scripts of before call of it", (part, exported) => {
  expect(Object.keys(exported)).toEqual(expect.arrayContaining(CALLED[part as "extra"]));
});
