import { now } from "../clock.js";
import type { Site } from "./site.js";

// Without a key, a click or scrolling for so long nobody is there. Shorter than a session lasts
// without an event: who reads on stays in it.
const IDLE_MS = 5 * 60_000;
const LEAST_MS = 1000;
const SIGNS = ["keydown", "pointerdown", "scroll", "focus"];

/** A page while it is seen; all in milliseconds and pixels. */
interface Seen {
  page_url: string;
  page_title: string;
  /** How long it was seen since it was last told of, but for the time that goes on. */
  engaged: number;
  /** How far down it was seen. */
  bottom: number;
}

const open = (): Seen => ({ page_url: location.href, page_title: document.title, engaged: 0, bottom: 0 });

/**
 * Tells, when a page is hidden or left, how long it was seen with the focus since the last time,
 * as Google Analytics measures engagement, and how far down.
 */
export const followEngagement = ({ trackEvent, hashRouting, sessionMinutes }: Site): void => {
  let page = open();
  let since: number | undefined;
  let hiddenAt = now();
  // Who comes back when the session is over begins none by looking: the next page does.
  let isOver = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const pathOf = (address: string): string => address.split(hashRouting ? "?" : /[?#]/)[0]!;

  const stop = (): void => {
    clearTimeout(timer);
    if (since !== undefined) page.engaged += now() - since;
    since = undefined;
  };
  const tell = (): void => {
    stop();
    const { engaged, bottom, ...address } = page;
    if (isOver || engaged < LEAST_MS) return;
    const height = document.documentElement.scrollHeight;
    const scroll_percent = Math.min(100, Math.round((bottom / height) * 100));
    const metadata = { engaged_seconds: Math.round(engaged / 100) / 10, scroll_percent };
    page.engaged = 0;
    trackEvent("engagement", "engagement", { ...address, metadata });
  };
  /** A router has shown another page. */
  const turn = (): void => {
    if (pathOf(location.href) === pathOf(page.page_url)) return;
    tell();
    page = open();
    isOver = false;
    sense();
  };
  /** Somebody is there. */
  const sense = (): void => {
    turn();
    if (document.hidden || !document.hasFocus()) return;
    page.page_title = document.title;
    page.bottom = Math.max(page.bottom, scrollY + innerHeight);
    if (since !== undefined && now() - since > IDLE_MS) tell();
    since ??= now();
    clearTimeout(timer);
    timer = setTimeout(tell, IDLE_MS);
  };
  const look = (): void => {
    if (document.hidden) {
      hiddenAt = now();
      tell();
    } else {
      isOver ||= now() - hiddenAt > (sessionMinutes ?? 30) * 60_000;
      sense();
    }
  };

  SIGNS.forEach((sign) => addEventListener(sign, sense, { capture: true, passive: true }));
  addEventListener("blur", (event) => event.target === window && stop());
  document.addEventListener("visibilitychange", look, true);
  // Before the tracker sends what it has.
  addEventListener("pagehide", tell, true);
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    page = open();
    isOver = false;
    sense();
  });
  (globalThis as { navigation?: EventTarget }).navigation?.addEventListener("currententrychange", turn);
  sense();
};
