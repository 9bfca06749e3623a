/** Where a visit came from, as the address and the referrer of its first page tell. */

const UTM = "utm_source utm_medium utm_campaign utm_term utm_content";
// The names in collector/classify/data/click_ids.toml, which the build puts here.
declare const CLICK_IDS: string;

type Values = Record<string, string> | undefined;

export interface Attribution {
  utm_params?: Values;
  click_ids?: Values;
}

/** Of a page's query. */
export const readAttribution = (query: string): Attribution => {
  const params = new URLSearchParams(query);
  const pick = (names: string): Values => {
    let found: Values;
    names.split(" ").forEach((name) => {
      const value = params.get(name);
      if (value) found = { ...found, [name]: value };
    });
    return found;
  };
  return { utm_params: pick(UTM), click_ids: pick(CLICK_IDS) };
};
