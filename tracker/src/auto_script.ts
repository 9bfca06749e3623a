/** What the script loads as `t.auto.js` where a page's settings ask for it. */
import { startAutomatic } from "./auto/automatic.js";
import { attempt } from "./attempt.js";
import { globals } from "./globals.js";
import { withOptional } from "./optional.js";
import { loadPart } from "./parts.js";
import type { Extra } from "./extra_of_page.js";
import type { Config, Tracker } from "./types.js";

/** Gives the tracker an extra with all of this, and starts the automatic events. */
export const start = (config: Config, create: (extra: Extra) => void, extra: Extra): void => {
  create(withOptional(config, extra));
  const { auto, followConsent } = config;
  if (followConsent)
    void loadPart<typeof import("./consent_script.js")>("consent").then((part) => part?.follow(followConsent));
  if (!auto) return;
  const { trackEvent, trackFormSubmit } = globals.conversionTracking as Tracker;
  const site = { ...config, trackEvent, trackFormSubmit, redactUrl: extra.redactUrl };
  attempt(() => startAutomatic(auto, site), "auto");
};
