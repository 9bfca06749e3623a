import { isHostOf } from "../linker.js";
import { onLink } from "../links.js";
import type { Site } from "./site.js";

// As Google Analytics has them for its enhanced measurement.
const FILE =
  /\.(pdf|xlsx?|docx?|txt|rtf|csv|exe|key|pp(s|t|tx)|7z|pkg|rar|gz|zip|dmg|apk|avi|mov|mp4|mpe?g|wmv|midi?|mp3|wav|wma)$/i;

const bare = (host: string): string => host.replace(/^www\./, "");

/** Which kind of click on a link it is, if it is one to tell of; a download is no other. */
const kindOf = (link: HTMLAnchorElement, site: Site): string | undefined => {
  if (link.hasAttribute("download") || FILE.test(link.pathname)) return "file_download";
  const isOwn =
    bare(link.hostname) === bare(location.hostname) || isHostOf(link.hostname, site.linkDomains ?? "");
  return isOwn ? undefined : "outbound_click";
};

/** Tells of each click on a link of one kind, before the page is left. */
export const followLinks = (site: Site, kind: string): void =>
  onLink((link) => {
    if (kindOf(link, site) !== kind) return;
    const link_url = site.redactUrl(link.href.replace(/#.*/, ""));
    const file = link.pathname.split("/").pop()!;
    site.trackEvent(kind, kind === "file_download" ? file || link.hostname : link.hostname, {
      metadata: { link_url, link_text: link.innerText?.trim().slice(0, 100) },
    });
  });
