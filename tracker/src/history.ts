import { attempt } from "./attempt.js";

/**
 * Calls `look` after each change of the address without a new page, as the Navigation API would.
 * On the prototype: there, hooks of others before and after it are called as well.
 */
export const followHistory = (look: (isReplaced: boolean) => void): void => {
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
