import { defineConfig } from "vitest/config";
import { define } from "./click_ids.mjs";

export default defineConfig({
  define,
  test: {
    environment: "happy-dom",
    setupFiles: ["test/setup.ts"],
    environmentOptions: {
      happyDOM: { url: "http://shop.example/", settings: { disableJavaScriptFileLoading: true, handleDisabledFileLoadingAsSuccess: true } },
    },
    // Timers and requests are real; the machine may be slow.
    testTimeout: 90_000,
    silent: "passed-only",
    restoreMocks: true,
    unstubGlobals: true,
  },
});
