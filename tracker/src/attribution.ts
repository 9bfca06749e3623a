/** Where a visit came from, as the address and the referrer of its first page tell. */
import { redactUrl } from "./redact.js";

const UTM = "utm_source utm_medium utm_campaign utm_term utm_content";
// The names in collector/classify/data/click_ids.toml, which the build puts here.
declare const CLICK_IDS: string;

type Values = Record<string, string>;

/** One whole: the parts of two are never mixed. */
export interface Touch {
  utm_params: Values;
  click_ids: Values;
  referrer: string;
}

/** How the page was come to. */
export interface Landing {
  touch_: Touch;
  isFromOwnSite_: boolean;
  /** By a link or an address, not by reloading or going back. */
  isArrival_: boolean;
}

export const tagsOf = (touch: Touch): Values => ({ ...touch.utm_params, ...touch.click_ids });

const hostOf = (address: string): string => (address.split("/")[2] ?? "").replace("www.", "");

/** Of an address; also of a query in its hash, as routers have it. */
const readTouch = (address: string, referrer: string): Touch => {
  const params = new URLSearchParams(address.replace(/^[^?#]*|[?#]/g, "&"));
  const pick = (names: string): Values =>
    Object.fromEntries(
      names.split(" ").flatMap((name) => (params.get(name) ? [[name, params.get(name)!]] : [])),
    );
  return { utm_params: pick(UTM), click_ids: pick(CLICK_IDS), referrer };
};

/**
 * Of this page, by the address with which it was loaded: its scripts may have changed it
 * before the tracker was there.
 */
export const readLanding = (): Landing => {
  const [loaded] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  const { referrer } = document;
  return {
    touch_: readTouch(loaded?.name ?? location.href, redactUrl(referrer)),
    isFromOwnSite_: hostOf(referrer) === hostOf(location.href),
    isArrival_: !/^[rb]/.test(loaded?.type ?? ""), // reload, back_forward
  };
};

const TAG = RegExp(`\\b(${UTM} ${CLICK_IDS})=[^&#]*`.replace(/ /g, "|"), "g");

const asQuery = (values: Values | string): string => `&${new URLSearchParams(values).toString()}&`;

/** An address without the tags of another touch: a banner of the site's own has such, too. */
export const withTagsOf = (touch: Touch, address: string): string =>
  address.replace(TAG, (tag) => (asQuery(tagsOf(touch)).includes(asQuery(tag)) ? tag : ""));
