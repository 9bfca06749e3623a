import { attempt } from "./attempt.js";
import { globals } from "./globals.js";

/**
 * Calls `look` after each change of the address without a new page, and says whether it only
 * replaced the one before. Browsers without the Navigation API have it from the History API's
 * prototype: there, hooks of others before and after it are called as well.
 */
export const followAddress = (look: (isReplaced: boolean) => void): void => {
  const navigation = globals.navigation as EventTarget | undefined;
  if (navigation) {
    navigation.addEventListener("currententrychange", (change) =>
      look((change as Event & { navigationType?: string }).navigationType === "replace"),
    );
    return;
  }
  const wrap = (method: "pushState" | "replaceState"): void => {
    const original = History.prototype[method];
    History.prototype[method] = function (this: History, ...args) {
      original.apply(this, args);
      look(method === "replaceState");
    };
  };
  // A page may have frozen its history.
  attempt(() => (["pushState", "replaceState"] as const).forEach(wrap));
  addEventListener("popstate", () => look(false));
};
