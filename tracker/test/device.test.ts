import { expect, test } from "vitest";
import { readDevice, type DeviceFacts } from "../src/device.js";
// tests/unit/classify/test_device.py holds the collector to the same file.
import browsers from "./browsers.json" with { type: "json" };

interface Browser {
  what: string;
  user_agent: string;
  client_hints?: { brand: string; mobile: boolean; platform: string };
  touch_points?: number;
  collector: DeviceFacts;
  tracker: "same" | DeviceFacts;
}

/** As Chromium has it, which adds itself and a brand that nobody should rely on. */
const userAgentData = ({ client_hints: hints }: Browser) =>
  hints && {
    brands: ["Not:A-Brand", "Chromium", hints.brand].map((brand) => ({ brand, version: "140" })),
    mobile: hints.mobile,
    platform: hints.platform,
  };

test.each(browsers as Browser[])("$what sends what the collector would say, or better", (browser) => {
  const facts = readDevice({
    userAgent: browser.user_agent,
    maxTouchPoints: browser.touch_points ?? 0,
    userAgentData: userAgentData(browser),
  });
  expect(facts).toEqual(browser.tracker === "same" ? browser.collector : browser.tracker);
});
