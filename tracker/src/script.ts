/** The script tag's build: `<script src=".../t.js" data-endpoint="..." async></script>`. */
import { complain } from "./console.js";
import type { WithExtra } from "./extra_of_page.js";
import { globals } from "./globals.js";
import { startTracker } from "./page.js";
import type { Config } from "./types.js";

// The collector puts its CT_SCRIPT_PATH in its place.
const PATH = "/t.js";

/** The second script, from beside a script; the browser loads it once. */
const loadExtra =
  (script: string): WithExtra =>
  (use) =>
    void import(script.replace(/(\.js)?(\?.*)?$/, ".extra$&"))
      .catch(complain)
      .then(use as (extra: unknown) => void);

/** The attributes are the settings, as text; a tag manager drops them, and has a list instead. */
const start = ({ src, dataset }: HTMLScriptElement): void => {
  const settings = { ...dataset, ...(globals.conversionTrackingConfig as typeof dataset) };
  const { origin, pathname } = new URL(src || "data:");
  // Served by the collector, the script knows the gateway; of another file nobody can tell.
  const isServed = pathname.endsWith(PATH);
  if (settings.endpoint === "") complain("data-endpoint is empty");
  if (isServed) settings.endpoint ||= origin;
  startTracker(settings as unknown as Config, loadExtra(isServed ? src : settings.endpoint + PATH));
};

if (document.currentScript) start(document.currentScript as HTMLScriptElement);
else complain("t.js must be a script with src, no module");
