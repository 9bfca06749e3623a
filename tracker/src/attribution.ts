/** Where a visit came from, as the address and the referrer of its first page tell. */

// The names in collector/classify/data/click_ids.toml, which the build puts here.
declare const CLICK_IDS: string;

/**
 * The address with `change` of each campaign parameter and click id, also of a query in the hash, as
 * routers have it. To make the pattern takes long: most addresses have none.
 */
const changeTags = (address: string, change: (tag: string) => string): string =>
  address.includes("=")
    ? address.replace(
        RegExp("\\b(utm_(source|medium|campaign|term|content)|" + CLICK_IDS + ")=[^?&#]*", "g"),
        change,
      )
    : address;

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

const readTag = (tag: string): [name: string, value: string] => [...new URLSearchParams(tag)][0]!;

const hostOf = (address: string): string | undefined => address.split("/")[2]?.replace("www.", "");

/** An address without its hash, unless that is a route. */
export const withoutHash = (address: string): string =>
  address.includes("#") ? address.replace(/#(?!!?\/).*/, "") : address;

/** An address without what could name anybody: no list of parameters has all that do. */
export const withoutQuery = (address: string): string => address.replace(/[?;][^#]*/g, "");

const readTouch = (address: string, referrer: string): Touch => {
  const touch: Touch = { utm_params: {}, click_ids: {}, referrer };
  changeTags(address, (tag) => {
    const [name, value] = readTag(tag);
    return value && (touch[name.includes("utm_") ? "utm_params" : "click_ids"][name] ??= value);
  });
  return touch;
};

/**
 * Of this page, by the address with which it was loaded: its scripts may have changed it
 * before the tracker was there.
 */
export const readLanding = (): Landing => {
  const [loaded] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  const { referrer } = document;
  const isFromOwnSite = hostOf(referrer) === hostOf(location.href);
  return {
    touch_: readTouch(
      loaded?.name ?? location.href,
      isFromOwnSite ? withoutQuery(referrer) : referrer,
    ),
    isFromOwnSite_: isFromOwnSite,
    isArrival_: !"rb".includes(loaded?.type[0] as string), // reload, back_forward
  };
};

/** An address without the tags of another touch: a banner of the site's own has such, too. */
export const withTagsOf = (touch: Touch, address: string): string =>
  changeTags(address, (tag) => {
    const [name, value] = readTag(tag);
    return tagsOf(touch)[name] === value ? tag : "";
  });

/** Whether an address has more parameters than those tags: the extra says which may be sent. */
export const isDoubtful = (address: string): boolean =>
  // No pattern: one that is used more than once is compiled. And decodeURIComponent may throw.
  unescape(changeTags(address, () => "")).includes("=");
