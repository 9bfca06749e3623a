/** The script tag's build: `<script src=".../t.js" data-endpoint="..." async></script>`. */
import { attempt } from "./attempt.js";
import { complain } from "./console.js";
import { startTracker } from "./page.js";
import type { TellPixels } from "./pixels_of_page.js";
import type { Config } from "./types.js";

/** `data-session-key="x"` is `sessionKey: "x"`; an attribute without value is true. */
const readConfig = (script: HTMLScriptElement): Config => {
  // Served through the gateway, the script knows its address.
  const config: Record<string, unknown> = { endpoint: new URL(script.src).origin };
  Object.entries(script.dataset).forEach(([name, value]) => {
    // Objects, true and false; an id of digits stays a text, and so does what is no JSON.
    config[name] =
      (/^[{tf]/.test(value!) ? attempt(() => JSON.parse(value!) as unknown) : value || true) ??
      value;
  });
  return config as unknown as Config;
};

/** Of the few pages that have pixels: by a second script, which the browser loads once. */
const tellPixelsBy =
  (script: string): TellPixels =>
  (...told) =>
    import(script.replace(/(\.js)?(\?.*)?$/, ".extra$&")).then(
      ({ tellPixels }: { tellPixels: TellPixels }) => tellPixels(...told),
    ).catch((error) => complain("pixels: " + error));

attempt(() => {
  const script = document.currentScript as HTMLScriptElement;
  startTracker(readConfig(script), tellPixelsBy(script.src));
});
