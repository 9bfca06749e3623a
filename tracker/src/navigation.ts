import type { WithExtra } from "./extra_of_page.js";
import { globals } from "./globals.js";

/**
 * Calls `look` after each change of the address without a new page, and says whether it only
 * replaced the one before. Browsers without the Navigation API have it from the extra, which
 * may come after a change.
 */
export const followAddress = (look: (isReplaced?: boolean) => void, withExtra: WithExtra): void => {
  const navigation = globals.navigation as EventTarget | undefined;
  if (navigation)
    navigation.addEventListener("currententrychange", (change) =>
      look((change as Event & { navigationType?: string }).navigationType === "replace"),
    );
  else
    withExtra((extra) => {
      extra?.followHistory(look);
      look();
    });
};
