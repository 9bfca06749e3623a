import { readJson } from "./attempt.js";
import { complain } from "./console.js";
import type { Config } from "./types.js";

// Each setting's name, type and value, as far as it can be told from them.
const SETTING = RegExp(
  "^(endpoint|(sessionKey|metaPixelId|googleTagIds|linkedinPartnerId|auto|beforeSend|pathGroups|linkDomains|followConsent) (string|number) .|" +
    "(keepSession|visitorId|manualPageViews|hashRouting|automation|loadPixels|debug|auto) boolean|" +
    "consent string (required|count)$|privacySignal string (off|count|on)$|" +
    "sessionMinutes (string|number) \\d+$|currency string [A-Z]{3}$|" +
    "((googleAds|linkedin)Conversions|properties|followConsent) object|(token|beforeSend) function)",
);

/** Whether it is a setting's name, or one misspelt; other tools have attributes of their own. */
export const isLikeSetting = (name: string): boolean =>
  RegExp("[(|]" + name.slice(0, 3), "i").test(SETTING.source);

/** Whether a setting is of those that `t.auto.js` sees to. */
export const needsAuto = (config: Config): boolean =>
  /auto\b|prop|path|Dom|Send|follow/.test(`${Object.keys(config)}`);

/**
 * Takes out of `config` what no setting can be, and says so in the console; the endpoint is
 * looked at by who starts the tracker. Consent that is wrongly asked for is asked for, and what
 * the page wants to look at is not sent unseen.
 */
export const checkConfig = (config: Partial<Config>): void => {
  for (const [name, value] of Object.entries<unknown>(config))
    if (value !== undefined && !SETTING.test(`${name} ${typeof value} ${value}`)) {
      complain(`no setting can be ${name}: ${value}`);
      if (!/onsent|beforeSend/.test(name)) delete config[name as keyof Config];
    }
};

/** An attribute's value: objects, true and false; an id of digits stays a text, and so does what is no JSON. */
const readValue = (text: string): unknown =>
  (/^[{tf]/.test(text) ? readJson(text) : text || true) ?? text;

/** The same for what stood in attributes as text; those of other tools are passed over. */
export const readAttributes = (config: Config): void => {
  const settings = config as unknown as Record<string, unknown>;
  for (const [name, text] of Object.entries(config) as [string, string][])
    if (isLikeSetting(name)) settings[name] = readValue(text);
    else delete settings[name];
  checkConfig(config);
};
