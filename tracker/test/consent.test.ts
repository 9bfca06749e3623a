import "./cmp/cmp.js";
import { afterEach, expect, test, vi } from "vitest";
import { consentMode, followConsent, gpc, tcf, type ConsentModeOptions, type TcfOptions } from "../src/consent.js";
import { follow } from "../src/consent_script.js";
import { globals } from "../src/globals.js";
import type { Consent, ConsentSource } from "../src/types.js";

const ALL = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
const without = (...purposes: number[]) => ALL.filter((purpose) => !purposes.includes(purpose));

const signal = (value: unknown) =>
  Object.defineProperty(navigator, "globalPrivacyControl", { value, configurable: true });

afterEach(() => {
  vi.useRealTimers();
  signal(undefined);
  delete globals.__tcfapi;
  delete globals.dataLayer;
});

/** What the tracker is told, call for call. */
const listen = (...sources: ConsentSource[]) => {
  const told: Consent[] = [];
  const stop = followConsent((change) => void told.push(change), ...sources);
  return { told, stop };
};

const complaints = (): string[] => {
  const said: string[] = [];
  vi.spyOn(console, "warn").mockImplementation((line: string) => void said.push(line));
  return said;
};

const BOTH = { analytics: true, marketing: true };
const NEITHER = { analytics: false, marketing: false };

test.each<[string, number[], Consent]>([
  ["all", ALL, BOTH],
  ["none", [], NEITHER],
  ["storage alone", [1], NEITHER],
  ["all but storage", without(1), NEITHER],
  ["all but profiles for ads", without(3), { analytics: true, marketing: false }],
  ["all but the use of profiles", without(4), { analytics: true, marketing: false }],
  ["all but ad performance", without(7), NEITHER],
  ["all but content performance", without(8), { analytics: false, marketing: true }],
  ["all but statistics", without(9), { analytics: false, marketing: true }],
])("TCF: who consents to %s", (_, purposes, expected) => {
  const cmp = startCmp({ gdprApplies: true });
  const { told } = listen(tcf());
  expect(told).toEqual([]);
  cmp.load({ purposes });
  expect(told).toEqual([expected]);
});

test("TCF: what a stub has queued is answered by the manager that takes its place", () => {
  startCmpStub();
  const { told } = listen(tcf());
  const cmp = startCmp({ gdprApplies: true });
  cmp.show();
  expect(told).toEqual([]);
  cmp.choose({ purposes: ALL });
  expect(told).toEqual([BOTH]);
});

test("TCF: a legitimate interest is no consent, and a banner that asks is no answer", () => {
  const cmp = startCmp({ gdprApplies: true });
  const { told } = listen(tcf());
  cmp.show();
  expect(told).toEqual([]);
  cmp.choose({ purposes: [] });
  expect(told).toEqual([NEITHER]);
});

test("TCF: a choice that is changed later is told, once", () => {
  const cmp = startCmp({ gdprApplies: true });
  const { told } = listen(tcf());
  cmp.load({ purposes: ALL });
  cmp.show();
  cmp.choose({ purposes: ALL });
  cmp.show();
  cmp.choose({ purposes: without(3) });
  expect(told).toEqual([BOTH, { marketing: false }]);
});

test("TCF: where GDPR does not apply all is allowed, and nothing before that is known", () => {
  const cmp = startCmp();
  const { told } = listen(tcf());
  expect(told).toEqual([]);
  cmp.decide(false);
  expect(told).toEqual([BOTH]);
});

test("TCF: a string that holds for all sites is none", () => {
  const cmp = startCmp({ gdprApplies: true });
  const { told } = listen(tcf());
  cmp.load({ purposes: ALL, isServiceSpecific: false });
  expect(told).toEqual([]);
});

test.each<[TcfOptions, number[], number[], Consent]>([
  [{ publisher: true }, [], ALL, { analytics: true, marketing: false }],
  [{ publisher: true }, ALL, [], { analytics: false, marketing: true }],
  [{ analytics: [1], marketing: [1, 2] }, [1], [], { analytics: true, marketing: false }],
  [{ analytics: [1], marketing: [1, 2] }, [1, 2], [], BOTH],
])("TCF: with %o, purposes %o and the publisher's %o", (options, purposes, publisher, expected) => {
  const cmp = startCmp({ gdprApplies: true });
  const { told } = listen(tcf(options));
  cmp.load({ purposes, publisher });
  expect(told).toEqual([expected]);
});

test("TCF: who stops is no listener any more, also where only the stub was there", () => {
  const cmp = startCmp({ gdprApplies: true });
  const { told, stop } = listen(tcf());
  expect(cmp.listeners.size).toBe(1);
  stop();
  expect(cmp.listeners.size).toBe(0);
  cmp.load({ purposes: ALL });

  startCmpStub();
  const early = listen(tcf());
  early.stop();
  const late = startCmp({ gdprApplies: true });
  expect(late.listeners.size).toBe(0);
  late.load({ purposes: ALL });
  expect([told, early.told]).toEqual([[], []]);
});

test("TCF: a manager that comes late is found, and the console says that it is awaited", () => {
  vi.useFakeTimers();
  const said = complaints();
  const { told } = listen(tcf());
  vi.advanceTimersByTime(9_000);
  expect(said).toEqual([]);
  vi.advanceTimersByTime(2_000);
  expect(said).toEqual(["conversionTracking: tcf: there is no __tcfapi on the page; events wait"]);
  startCmp({ gdprApplies: true }).load({ purposes: ALL });
  vi.advanceTimersByTime(1_000);
  expect(told).toEqual([BOTH]);
});

test("TCF: who stops looks no longer for a manager", () => {
  vi.useFakeTimers();
  const { told, stop } = listen(tcf());
  stop();
  const cmp = startCmp({ gdprApplies: false });
  vi.advanceTimersByTime(1_000);
  expect([told, cmp.listeners.size]).toEqual([[], 0]);
});

test("TCF: of a manager that does not know whether GDPR applies, no choice counts", () => {
  globals.__tcfapi = (_: string, __: number, callback: (data: object, success: boolean) => void) =>
    callback({ eventStatus: "tcloaded", purpose: { consents: { 1: true, 3: true, 4: true, 7: true } } }, true);
  expect(listen(tcf()).told).toEqual([]);
});

test("TCF: a manager that takes no listener is said", () => {
  const said = complaints();
  globals.__tcfapi = (_: string, __: number, callback: (data: null, success: boolean) => void) =>
    callback(null, false);
  expect(listen(tcf()).told).toEqual([]);
  expect(said).toEqual(["conversionTracking: tcf: the consent manager does not answer; events wait"]);
});

/** As Google's snippet has it: what is pushed are the function's `arguments`. */
const gtag = function () {
  // eslint-disable-next-line prefer-rest-params
  ((globals.dataLayer ??= []) as unknown[]).push(arguments);
} as (...command: unknown[]) => void;

const SIGNALS = ["analytics_storage", "ad_storage", "ad_user_data", "ad_personalization"];
const each = (value: string) => Object.fromEntries(SIGNALS.map((name) => [name, value]));
const GRANTED = each("granted");
const DENIED = each("denied");

type Command = ["default" | "update", Record<string, unknown>];

test.each<[string, Command[], ConsentModeOptions, Consent[]]>([
  ["denied by default", [["default", DENIED]], {}, []],
  ["granted by default", [["default", GRANTED]], {}, [BOTH]],
  ["denied, then granted", [["default", DENIED], ["update", GRANTED]], {}, [BOTH]],
  ["denied by an update", [["default", DENIED], ["update", DENIED]], {}, [NEITHER]],
  ["an update alone", [["update", GRANTED]], {}, [BOTH]],
  [
    "analytics alone",
    [["default", DENIED], ["update", { analytics_storage: "granted" }]],
    {},
    [{ analytics: true }],
  ],
  [
    "no personal ads",
    [["update", { ...GRANTED, ad_personalization: "denied" }]],
    {},
    [{ analytics: true, marketing: false }],
  ],
  [
    "version 1, without the two newer signals",
    [["update", { analytics_storage: "granted", ad_storage: "granted" }]],
    {},
    [{ analytics: true }],
  ],
  ["denied in a region", [["default", { ...DENIED, region: ["DE"] }], ["default", GRANTED]], {}, []],
  ["granted, but denied in a region", [["default", GRANTED], ["default", { ...DENIED, region: ["DE"] }]], {}, []],
  ["elsewhere", [["default", { ...DENIED, region: ["DE"] }], ["default", GRANTED]], { region: "US" }, [BOTH]],
  ["in that region", [["default", { ...DENIED, region: ["DE"] }], ["default", GRANTED]], { region: "DE" }, []],
  [
    "in a part of that region",
    [["default", { ...DENIED, region: ["DE"] }], ["default", GRANTED]],
    { region: "DE-BY" },
    [],
  ],
  [
    "in a part that has its own",
    [["default", { ...GRANTED, region: ["US-TX"] }], ["default", { ...DENIED, region: ["US"] }]],
    { region: "US-TX" },
    [BOTH],
  ],
  [
    "said twice of one region",
    [["default", { ...GRANTED, region: ["DE"] }], ["default", { ...DENIED, region: ["DE"] }]],
    { region: "DE" },
    [],
  ],
  ["granted in a region alone", [["default", { ...GRANTED, region: ["US"] }]], {}, []],
  ["nothing of ours", [["default", { security_storage: "granted" }]], {}, []],
])("Consent Mode: %s", (_, commands, options, expected) => {
  vi.useFakeTimers();
  const before = listen(consentMode(options));
  for (const [kind, values] of commands) gtag("consent", kind, values);
  // Who comes later finds what stands in the list.
  const after = listen(consentMode(options));
  vi.runAllTimers();
  expect(Object.assign({}, ...before.told)).toEqual(Object.assign({}, ...expected));
  expect(after.told).toEqual(expected);
});

test("Consent Mode: what is granted by default waits as long as it says for an update", () => {
  vi.useFakeTimers();
  const { told } = listen(consentMode({ region: "FR" }));
  gtag("consent", "default", { ...GRANTED, wait_for_update: 500 });
  gtag("consent", "default", { ...DENIED, region: ["nowhere"], wait_for_update: 100 });
  vi.advanceTimersByTime(499);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(told).toEqual([BOTH]);

  delete globals.dataLayer;
  const refused = listen(consentMode());
  gtag("consent", "default", { ...GRANTED, wait_for_update: 500 });
  gtag("consent", "update", DENIED);
  vi.advanceTimersByTime(1000);
  expect(refused.told).toEqual([NEITHER]);
});

test("Consent Mode: the page's list gets all that is pushed, and what else stands in it is no consent", () => {
  const list: unknown[] = (globals.dataLayer = [{ event: "gtm.js" }, ["event", "purchase"], null, undefined]);
  const { told, stop } = listen(consentMode());
  expect(list.push({ event: "a" }, ["consent", "update", GRANTED])).toBe(6);
  expect([list.length, told]).toEqual([6, [BOTH]]);
  stop();
  gtag("consent", "update", DENIED);
  expect([list.length, told]).toEqual([7, [BOTH]]);
});

test("Consent Mode: it is heard through a push that somebody puts around it, until it stops", () => {
  const { told, stop } = listen(consentMode({ dataLayer: "layer" }));
  const list = globals.layer as unknown[];
  const ours = list.push;
  const theirs = (...items: unknown[]) => ours.apply(list, items);
  list.push = theirs;
  list.push(["consent", "update", GRANTED]);
  expect(told).toEqual([BOTH]);
  stop();
  expect(list.push).toBe(theirs);
  list.push(["consent", "update", DENIED]);
  expect(told).toEqual([BOTH]);
});

test("Consent Mode: a data layer that is no list is said", () => {
  const said = complaints();
  globals.dataLayer = { push: () => 0 };
  expect(listen(consentMode()).told).toEqual([]);
  expect(said).toEqual(["conversionTracking: consentMode: dataLayer is no list; events wait"]);
});

test.each<[unknown, Consent[]]>([
  [true, [{ marketing: false }]],
  [false, []],
  [undefined, []],
])("Global Privacy Control: %s", (value, expected) => {
  signal(value);
  expect(listen(gpc()).told).toEqual(expected);
});

test("of several sources one no is a no, and what one says at once waits for the others", () => {
  signal(true);
  gtag("consent", "update", GRANTED);
  const { told } = listen(consentMode(), gpc());
  expect(told).toEqual([{ analytics: true, marketing: false }]);
  gtag("consent", "update", { analytics_storage: "denied" });
  expect(told[1]).toEqual({ analytics: false });
});

/** A page's tracker, as far as it is told of consent. */
const noteConsent = (): Consent[] => {
  const calls: Consent[] = [];
  const push = ([name, change]: [string, Consent]) => name === "setConsent" && calls.push(change);
  globals.conversionTracking = { trackEvent: () => {}, push };
  return calls;
};

test("what is known before the tracker is there is noted for it", () => {
  follow("gpc");
  expect(globals.conversionTracking).toEqual([["setConsent", BOTH]]);
});

test.each<[unknown, unknown, Consent[]]>([
  [true, "gpc", [{ analytics: true, marketing: false }]],
  [undefined, "gpc", [BOTH]],
  [undefined, "gpc, tfc", []],
  [true, {}, []],
  [true, true, []],
])("with the signal %s a tag that follows %o is told", (value, text, expected) => {
  complaints();
  signal(value);
  const calls = noteConsent();
  follow(text);
  expect(calls).toEqual(expected);
});

test("the tag's sources have their names, or options", () => {
  const said = complaints();
  const calls = noteConsent();
  const cmp = startCmp({ gdprApplies: true });
  follow("tcf, nobody,");
  follow({ tcf: { publisher: true }, "consent-mode": { dataLayer: "other" } });
  follow("{");
  cmp.load({ publisher: ALL });
  expect(calls).toEqual([NEITHER, { analytics: true, marketing: false }]);
  (globals.other as unknown[]).push(["consent", "update", { analytics_storage: "denied" }]);
  expect(calls[2]).toEqual({ analytics: false });
  expect(said).toEqual([
    "conversionTracking: there is no consent from nobody",
    "conversionTracking: there is no consent from an empty name",
    "conversionTracking: data-follow-consent is no JSON: {",
  ]);
});
