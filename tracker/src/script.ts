/** The script tag's build: `<script src=".../t.js" data-endpoint="..." async></script>`. */
import { attempt } from "./attempt.js";
import { isLikeSetting } from "./config.js";
import { complain } from "./console.js";
import { startTracker } from "./page.js";
import type { TellPixels } from "./pixels_of_page.js";
import type { Config } from "./types.js";

// The collector puts its CT_SCRIPT_PATH in its place.
const PATH = "/t.js";

/** Objects, true and false; an id of digits stays a text, and so does what is no JSON. */
const readValue = (text: string): unknown =>
  (/^[{tf]/.test(text) ? attempt(() => JSON.parse(text) as unknown) : text || true) ?? text;

/** `data-session-key="x"` is `sessionKey: "x"`; an attribute without value is true. */
const readConfig = ({ src, dataset }: HTMLScriptElement): Config => {
  const config = Object.fromEntries(
    Object.entries(dataset)
      .filter(([name]) => isLikeSetting(name))
      .map(([name, value]) => [name, readValue(value!)]),
  );
  // Served by the collector, the script knows the gateway; of another file nobody can tell.
  const { origin, pathname } = new URL(src || "data:");
  if (pathname.endsWith(PATH)) {
    if (dataset.endpoint === "") complain(`data-endpoint is empty: events go to ${origin}`);
    config.endpoint = dataset.endpoint || origin;
  }
  return config as unknown as Config;
};

/** Of the few pages that have pixels: by a second script, which the browser loads once. */
const tellPixelsBy =
  (script: string): TellPixels =>
  (...told) =>
    import(script.replace(/(\.js)?(\?.*)?$/, ".extra$&")).then(
      ({ tellPixels }: { tellPixels: TellPixels }) => tellPixels(...told),
    ).catch((error) => complain("pixels: " + error));

const script = document.currentScript as HTMLScriptElement | null;
if (script) {
  const config = readConfig(script);
  startTracker(config, tellPixelsBy(script.src || config.endpoint + PATH));
} else complain("t.js must be a script of its own with src, and no module");
