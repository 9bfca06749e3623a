import type { ConsentSource } from "./types.js";

/**
 * Global Privacy Control (https://www.w3.org/TR/gpc/): who sends it wants no data sold or shared,
 * so marketing is refused. Who does not send it has said nothing.
 */
export const gpc = (): ConsentSource => (tell) => {
  if ((navigator as Navigator & { globalPrivacyControl?: boolean }).globalPrivacyControl)
    tell({ marketing: false });
  return () => {};
};
