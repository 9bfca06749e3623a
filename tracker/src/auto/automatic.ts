/** Events that a page tells of by itself, each kind by its word. */
import { attempt } from "../attempt.js";
import { complain } from "../console.js";
import { followElements } from "./elements.js";
import { followEngagement } from "./engagement.js";
import { followLinks } from "./followed_links.js";
import { tellNotFound } from "./not_found.js";
import type { Site } from "./site.js";

const KINDS: Record<string, (site: Site) => void> = {
  outbound: (site) => followLinks(site, "outbound_click"),
  downloads: (site) => followLinks(site, "file_download"),
  elements: followElements,
  engagement: followEngagement,
  "not-found": tellNotFound,
};

/** Starts what the words name, with blanks between; all where there is none. */
export const startAutomatic = (words: unknown, site: Site): void => {
  const named = typeof words === "string" ? words.split(/[\s,]+/) : Object.keys(KINDS);
  for (const word of new Set(named))
    if (Object.hasOwn(KINDS, word)) attempt(() => KINDS[word]!(site), word);
    else complain(`auto knows ${Object.keys(KINDS)}, not ${word}`);
};
