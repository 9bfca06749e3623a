import type { Site } from "./site.js";

/** Tells of a page that the site answered with an error; browsers know since 2023. */
export const tellNotFound = (site: Site): void => {
  const [loaded] = performance.getEntriesByType("navigation") as (PerformanceNavigationTiming & {
    responseStatus?: number;
  })[];
  const status = loaded?.responseStatus ?? 0;
  if (status >= 400) site.trackEvent("not_found", location.pathname, { metadata: { status } });
};
