import { startAutomatic } from "./auto/automatic.js";
import { redactUrl, trackEvent, trackFormSubmit, type Config } from "./index.js";

/**
 * Starts events that the page tells of by itself: words of `outbound`, `downloads`, `elements`,
 * `engagement`, `not-found`, with blanks between; all where there is none. The settings that
 * count here are those that `init` has. On a server it does nothing.
 */
export const trackAutomatically = (
  words?: string,
  settings: Pick<Config, "linkDomains" | "hashRouting" | "sessionMinutes"> = {},
): void => {
  if (typeof window === "undefined") return;
  startAutomatic(words, { ...settings, trackEvent, trackFormSubmit, redactUrl });
};
