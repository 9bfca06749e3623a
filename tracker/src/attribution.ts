/** Where a visit came from, as the address and the referrer of its first page tell. */

const UTM = ["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"];
const CLICK_IDS = "gclid gbraid wbraid fbclid msclkid li_fat_id ttclid twclid".split(" ");

type Values = Record<string, string> | undefined;

export interface Attribution {
  utm_params?: Values;
  click_ids?: Values;
  google_ads_click_id?: string;
}

/** Of a page's query. */
export const readAttribution = (query: string): Attribution => {
  const params = new URLSearchParams(query);
  const pick = (names: string[]): Values => {
    let found: Values;
    names.forEach((name) => {
      const value = params.get(name);
      if (value) (found ??= {})[name] = value;
    });
    return found;
  };
  const clickIds = pick(CLICK_IDS);
  return { utm_params: pick(UTM), click_ids: clickIds, google_ads_click_id: clickIds?.gclid };
};
