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
  /** What the tracker sends in the place of what the collector says. */
  better?: DeviceFacts;
}

/** As Chromium has it, which adds itself and a brand that nobody should rely on. */
const userAgentData = ({ client_hints: hints }: Browser) =>
  hints && {
    brands: ["Not:A-Brand", "Chromium", hints.brand].map((brand) => ({ brand, version: "140" })),
    mobile: hints.mobile,
    platform: hints.platform,
  };

test.each(browsers as Browser[])("of $what the collector and the tracker know together", (browser) => {
  const facts = readDevice({
    userAgent: browser.user_agent,
    maxTouchPoints: browser.touch_points ?? 0,
    userAgentData: userAgentData(browser),
  });
  const sent = Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
  expect({ ...browser.collector, ...sent }).toEqual({ ...browser.collector, ...browser.better });
});

test("nothing is sent that the collector knows itself", () => {
  const sent = (browsers as Browser[]).filter(({ better }) => better);
  expect(sent).toHaveLength(3);
});
