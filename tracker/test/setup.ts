import { afterEach, beforeEach } from "vitest";
import type { PageWindow } from "../src/page.js";

const { setTimeout: start, clearTimeout: stop, addEventListener: listen, removeEventListener: mute } = globalThis;
const timers = new Set<ReturnType<typeof setTimeout>>();
const listeners: Parameters<typeof addEventListener>[] = [];
const requests = new Set<Promise<unknown>>();

const noteRequest = <T>(request: Promise<T>): Promise<T> => {
  requests.add(request);
  const settle = () => requests.delete(request);
  request.then(settle, settle);
  return request;
};

/** Has everything that a page leaves behind noted, for it to end as in a browser. */
const followPage = (): void => {
  const { fetch } = globalThis;
  const { json } = Response.prototype;
  globalThis.fetch = (...call) => noteRequest(fetch(...call));
  Response.prototype.json = function () {
    return noteRequest(json.call(this) as Promise<unknown>);
  };
  globalThis.setTimeout = Object.assign((...call: Parameters<typeof setTimeout>) => {
    const timer = start(...call);
    timers.add(timer);
    return timer;
  }, start);
  globalThis.addEventListener = (...call: Parameters<typeof addEventListener>) => {
    listeners.push(call);
    listen(...call);
  };
};

/** The page is gone: its timers and listeners, and what was on its way is answered. */
const endPage = async (): Promise<void> => {
  const stopTimers = () => timers.forEach((timer) => stop(timer));
  stopTimers();
  listeners.splice(0).forEach(([type, listener, options]) => mute(type, listener, options));
  while (requests.size) await Promise.allSettled(requests);
  // What a failure put off.
  stopTimers();
  timers.clear();
};

// Each test is a visitor who comes for the first time.
if (typeof window !== "undefined") {
  followPage();
  beforeEach(() => {
    localStorage.clear();
    sessionStorage.clear();
    document.head.innerHTML = document.body.innerHTML = "";
    delete (window as PageWindow).conversionTracking;
    history.replaceState(null, "", "/");
    // The test's browser says that a program drives it.
    Object.defineProperty(navigator, "webdriver", { value: false, configurable: true });
  });
  afterEach(endPage);
}
