import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    environment: "happy-dom",
    environmentOptions: {
      happyDOM: { url: "https://shop.example/", settings: { disableJavaScriptFileLoading: true } },
    },
    // Timers and requests are real; the machine may be slow.
    testTimeout: 20_000,
    restoreMocks: true,
    unstubGlobals: true,
  },
});
