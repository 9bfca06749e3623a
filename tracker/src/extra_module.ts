/** The same for a page's bundle, which has the pixels, too. */
export * from "./extra.js";
export { tellPixels } from "./pixels.js";
