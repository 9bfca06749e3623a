/** What t.js loads where a page needs it, as `t.extra.js` beside it. */
import { needsAuto, readAttributes } from "./config.js";
import { complain } from "./console.js";
import type { Extra } from "./extra_of_page.js";
import type { Config } from "./types.js";

export * from "./extra.js";
export { finish } from "./finish.js";
export { tellPixels } from "./pixels_script.js";

/**
 * Reads the attributes, and gives the tracker this extra: with what `t.auto.js` makes of it,
 * where they ask for that.
 */
export const prepare = (config: Config, create: (extra: Extra) => void, extra: Extra): void => {
  readAttributes(config);
  if (needsAuto(config))
    import(import.meta.url.replace(/extra(?!.*extra)/, "auto")).then(
      (auto: typeof import("./auto_script.js")) => auto.start(config, create, extra),
      (error) => {
        complain("auto: " + error);
        // What the page wants to look at is not sent unseen.
        if (!config.beforeSend) create(extra);
      },
    );
  else create(extra);
};
