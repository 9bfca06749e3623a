/** The same for a page's bundle, which has the pixels and what is optional, too. */
import type { Extra } from "./extra_of_page.js";
import { withOptional } from "./optional.js";
import type { Config } from "./types.js";

export { checkConfig } from "./config.js";
export * from "./extra.js";
export { finish } from "./finish.js";
export { tellPixels } from "./pixels.js";

export const prepare = (config: Config, create: (extra: Extra) => void, extra: Extra): void =>
  create(withOptional(config, extra));
