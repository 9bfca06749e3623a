/** What a page may want of all its events: properties, grouped paths, a last look. */
import { attempt } from "./attempt.js";
import { globals } from "./globals.js";
import type { Extra } from "./extra_of_page.js";
import { openLinker } from "./linker.js";
import { COUNT } from "./levels.js";
import type { Config, WireEvent } from "./types.js";

const ADDRESS = /^([^/]*\/\/[^/?#]*)([^?#]*)/;

/** Whether a path is of a group such as `/users/*`, where a star is one part of a path. */
const isOf = (group: string, path: string): boolean => {
  const pattern = group.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^/]+");
  return RegExp(`^${pattern}/?$`).test(path);
};

/** The address of a page with the group's name in the place of its path, by the first that fits. */
export const groupPath = (address: string, groups: string): string =>
  address.replace(ADDRESS, (_, origin: string, path: string) => {
    const group = groups.split(/\s+/).find((each) => isOf(each, path));
    return origin + (group ?? path);
  });

/** The last look of the page at an event; null drops it. */
const review = (event: WireEvent, look: NonNullable<Config["beforeSend"]>): WireEvent | null | undefined =>
  attempt(() => {
    // The script tag has the name of a function of the page.
    const call = typeof look === "string" ? (globals[look] as Exclude<typeof look, string>) : look;
    const reviewed = call(event);
    // A promise is no event; and one who forgets to return it would lose all in silence.
    if (reviewed === undefined || (reviewed && "then" in reviewed))
      throw Error("return the event itself, or null to drop it");
    return reviewed;
  }, "beforeSend");

/** The extra for a page that wants more of its events than others. */
export const withOptional = (config: Config, extra: Extra): Extra => {
  const { properties, pathGroups, beforeSend, linkDomains } = config;
  const linker = linkDomains ? openLinker(linkDomains, config.sessionKey) : undefined;
  return {
    ...extra,
    mayTrack(...known) {
      const level = extra.mayTrack(...known);
      if (level > COUNT) linker?.adopt_();
      return level;
    },
    finish(whole, full, ...known) {
      const event = extra.finish(whole, full, ...known)!;
      if (full && properties) event.metadata = { ...properties, ...event.metadata };
      if (pathGroups) event.page_url = groupPath(event.page_url, pathGroups);
      return beforeSend ? review(event, beforeSend) : event;
    },
  };
};
