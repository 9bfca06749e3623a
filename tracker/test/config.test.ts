import { beforeEach, expect, test, vi } from "vitest";
import type { Config } from "../src/types.js";

const endpoint = "https://gateway.example";
let check: (config: unknown) => Config;
let isLike: (name: string) => boolean;
let said: string[];

beforeEach(async () => {
  said = [];
  vi.spyOn(console, "warn").mockImplementation((line: string) => void said.push(line));
  vi.resetModules(); // each line is said once
  const config = await import("../src/config.js");
  check = (settings) => {
    const checked = { ...(settings as Config) };
    config.checkConfig(checked);
    return checked;
  };
  isLike = config.isLikeSetting;
});

test("settings that can be are taken as they are, and nothing is said", () => {
  const config = {
    endpoint,
    sessionKey: "key",
    sessionMinutes: 45,
    keepSession: true,
    consent: "required",
    privacySignal: "on",
    visitorId: true,
    manualPageViews: false,
    hashRouting: true,
    automation: true,
    currency: "EUR",
    loadPixels: true,
    metaPixelId: 123,
    googleTagIds: "G-1,AW-2",
    googleAdsConversions: { signup: "AW-1/x" },
    linkedinPartnerId: "456",
    linkedinConversions: { signup: 1 },
    debug: false,
    auto: "outbound engagement",
    properties: { plan: "pro" },
    pathGroups: "/users/*",
    linkDomains: "shop.example",
    token: () => "t",
    beforeSend: (event: unknown) => event,
  };
  expect(check(config)).toEqual(config);
  expect(check({ ...config, token: undefined })).toEqual({ ...config, token: undefined });
  expect(said).toEqual([]);
});

test.each<[string, unknown]>([
  ["consnet", "required"],
  ["manualPageviews", true],
  ["privacySignal", "of"],
  ["sessionMinutes", "half an hour"],
  ["sessionMinutes", -5],
  ["visitorId", "yes"],
  ["currency", "euro"],
  ["properties", "plan=pro"],
  ["pathGroups", true],
  ["googleAdsConversions", "{signup:"],
  ["token", "abc"],
  ["constructor", 1],
])("%s: %j is left out, and one line says so", (name, value) => {
  expect(check({ endpoint, [name]: value })).toEqual({ endpoint });
  expect(said).toEqual([`conversionTracking: no setting can be ${name}: ${String(value)}`]);
});

test("consent that is asked for wrongly is asked for, and a wrong beforeSend lets nothing out", () => {
  const wrong = { endpoint, consent: "require", beforeSend: {}, followConsent: true };
  expect(check(wrong)).toEqual(wrong);
  expect(said).toHaveLength(3);
});

test("attributes of other tools are told from ours, also misspelt", () => {
  const others = ["cfasync", "nscript", "turboTrack", "cookieconsent", "rocketSrc", "domain"];
  expect(others.filter(isLike)).toEqual([]);
  const ours = ["endpoint", "consent", "consnet", "sessionkey", "manualPageviews", "hashrouting", "beforeSend", "linkdomains", "auto", "folowConsent"];
  expect(ours.filter(isLike)).toEqual(ours);
});
