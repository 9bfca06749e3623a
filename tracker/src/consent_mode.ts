import { attempt } from "./attempt.js";
import { isList } from "./calls.js";
import { complain } from "./console.js";
import { globals } from "./globals.js";
import type { ConsentSource } from "./types.js";

export interface ConsentModeOptions {
  /** Name of the data layer. Default: `dataLayer`. */
  dataLayer?: string;
  /**
   * Where the visitor is, as ISO 3166-2 (`DE`, `US-CA`): chooses between defaults with `region`.
   * Without it, what is denied in any region is denied.
   */
  region?: string;
}

type Value = "granted" | "denied";
type Signals = Partial<Record<string, Value>>;
type Default = Signals & { region?: unknown; wait_for_update?: unknown };

const ANALYTICS = ["analytics_storage"];
const MARKETING = ["ad_storage", "ad_user_data", "ad_personalization"];

/** How well a default fits a region: 2 exactly, 1 by its country, 0 everywhere, none elsewhere. */
const fit = ({ region: regions }: Default, region: string): number | undefined => {
  if (!Array.isArray(regions)) return 0;
  if (regions.includes(region)) return 2;
  return regions.includes(region.split("-")[0]) ? 1 : undefined;
};

/** Of the defaults that name a signal the one that fits best, of several the last. */
const defaultIn = (region: string, defaults: Default[], signal: string): Value | undefined => {
  let best = -1;
  let value: Value | undefined;
  for (const one of defaults) {
    const rank = fit(one, region) ?? -1;
    if (one[signal] && rank >= best && rank >= 0) [best, value] = [rank, one[signal]];
  }
  return value;
};

/** Where nobody knows the region: denied in any is denied, granted everywhere is granted. */
const defaultAnywhere = (defaults: Default[], signal: string): Value | undefined => {
  if (defaults.some((one) => one[signal] === "denied")) return "denied";
  return defaults.some((one) => one[signal] && !one.region) ? "granted" : undefined;
};

/**
 * Google Consent Mode, as pages write it: `gtag("consent", "default" or "update", {...})` in the
 * data layer. Denied by default is no answer yet, since the banner still asks; denied by an update
 * is one.
 */
export const consentMode =
  ({ dataLayer = "dataLayer", region }: ConsentModeOptions = {}): ConsentSource =>
  (tell) => {
    const defaults: Default[] = [];
    const updates: Signals = {};
    let stopped = false;
    // Defaults hold when those that stand together were read, and their wait_for_update is over.
    let wait = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;

    const isAllowed = (signal: string): boolean | undefined => {
      const chosen = updates[signal];
      if (chosen) return chosen === "granted";
      const holds = timer === undefined;
      const value = region ? defaultIn(region, defaults, signal) : defaultAnywhere(defaults, signal);
      return (holds && value === "granted") || undefined;
    };
    const areAllowed = (signals: string[]): boolean | undefined => {
      const allowed = signals.map(isAllowed);
      return allowed.includes(false) ? false : allowed.every(Boolean) || undefined;
    };
    const answer = (): void =>
      tell({ analytics: areAllowed(ANALYTICS), marketing: areAllowed(MARKETING) });
    const endWait = (): void => {
      clearTimeout(timer);
      timer = undefined;
    };

    const hear = (item: unknown): void => {
      if (stopped || !isList(item) || item[0] !== "consent") return;
      const values = { ...(item[2] as Default) };
      if (item[1] === "default") {
        defaults.push(values);
        wait = Math.max(wait, Number(values.wait_for_update) || 0);
        endWait();
        timer = setTimeout(() => {
          endWait();
          answer();
        }, wait);
      } else if (item[1] === "update") {
        endWait();
        Object.assign(updates, values);
        answer();
      }
    };

    const layer = (globals[dataLayer] ??= []) as unknown[];
    if (!Array.isArray(layer)) {
      complain(`consentMode: ${dataLayer} is no list; events wait`);
      return () => {};
    }
    const { push } = layer;
    const pushHeard = (...items: unknown[]): number => {
      items.forEach((item) => attempt(() => hear(item), "consentMode"));
      return push.apply(layer, items);
    };
    layer.forEach((item) => attempt(() => hear(item), "consentMode"));
    layer.push = pushHeard;
    return () => {
      stopped = true;
      endWait();
      // Others may have put theirs around it.
      if (layer.push === pushHeard) layer.push = push;
    };
  };
