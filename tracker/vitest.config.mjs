import { defineConfig } from "vitest/config";
import { define as clickIds } from "./click_ids.mjs";
import { names } from "./names.mjs";

export default defineConfig({
  define: { ...clickIds, ...names, TAKES_FUNCTIONS: "true" },
  test: {
    include: ["test/**/*.test.{ts,tsx}"],
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
