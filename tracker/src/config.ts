import { complain } from "./console.js";
import type { Config } from "./types.js";

// Each setting's name, type and value, as far as it can be told from them.
const SETTING = RegExp(
  "^(endpoint string (https?:)?//[^/]|" +
    "(sessionKey|metaPixelId|googleTagIds|linkedinPartnerId) (string|number) .|" +
    "(keepSession|visitorId|manualPageViews|hashRouting|automation|loadPixels|debug) boolean|" +
    "consent string (required|count)$|privacySignal string (off|count|on)$|" +
    "sessionMinutes \\w+ \\d+$|currency string [A-Z]{3}$|" +
    "(googleAds|linkedin)Conversions object|(token|beforeSend) function)",
);

/** Whether it is a setting's name, or one misspelt; other tools have attributes of their own. */
export const isLikeSetting = (name: string): boolean =>
  RegExp("[(|]" + name.slice(0, 3), "i").test(SETTING.source);

/**
 * The settings that can be, or undefined where there is no address to send to; the console says
 * what is wrong. Consent that is wrongly asked for is asked for, and what the page wants to look
 * at is not sent unseen.
 */
export const checkConfig = (config: Partial<Config> | undefined): Config | undefined => {
  const settings = Object.entries<unknown>({ endpoint: "", ...config }).filter(
    ([name, value]) =>
      (value === undefined && name !== "endpoint") ||
      SETTING.test(`${name} ${typeof value} ${String(value)}`) ||
      (complain(`no setting can be ${name}: ${String(value)}`), /^(consent|beforeSend)$/.test(name)),
  );
  const checked = Object.fromEntries(settings) as unknown as Config;
  if (!checked.endpoint) return;
  return { ...checked, endpoint: checked.endpoint.replace(/\/+$/, "") };
};
