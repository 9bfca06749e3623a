import { expect, test } from "vitest";
import { readDevice } from "../src/device.js";

const MAC =
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15";
const WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0.0.0";

test.each([
  [MAC, 5, { device_type: "tablet", os: "iOS" }],
  [MAC, 0, {}],
  [WINDOWS, 10, {}],
])("%s with %i touch points is %o", (userAgent, maxTouchPoints, facts) => {
  expect(readDevice({ userAgent, maxTouchPoints } as Navigator)).toEqual(facts);
});
