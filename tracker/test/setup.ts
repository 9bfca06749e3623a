import { beforeEach } from "vitest";
import type { PageWindow } from "../src/page.js";

// Each test is a visitor who comes for the first time.
if (typeof window !== "undefined")
  beforeEach(() => {
    localStorage.clear();
    sessionStorage.clear();
    document.head.innerHTML = document.body.innerHTML = "";
    delete (window as PageWindow).conversionTracking;
    history.replaceState(null, "", "/");
    // The test's browser says that a program drives it.
    Object.defineProperty(navigator, "webdriver", { value: false, configurable: true });
  });
