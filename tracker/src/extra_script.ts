/** What t.js loads where a page needs it, as `t.extra.js` beside it. */
import { needsAuto, readAttributes } from "./config.js";
import type { Extra } from "./extra_of_page.js";
import { loadPart } from "./parts.js";
import type { Config } from "./types.js";

export * from "./extra.js";
export { finish } from "./finish.js";
export { tellPixels } from "./pixels_script.js";

/**
 * Reads the attributes, and gives the tracker this extra: with what `t.auto.js` makes of it,
 * where they ask for that. With `data-follow-consent` events wait for what its sources say.
 */
export const prepare = (config: Config, create: (extra: Extra) => void, extra: Extra): void => {
  readAttributes(config);
  if (config.followConsent) config.consent ??= "required";
  if (needsAuto(config))
    void loadPart<typeof import("./auto_script.js")>("auto").then((part) => {
      if (part) part.start(config, create, extra);
      // What the page wants to look at is not sent unseen.
      else if (!config.beforeSend) create(extra);
    });
  else create(extra);
};
