/** What t.js loads where a page needs it, as `t.extra.js` beside it. */
export * from "./extra.js";
export { tellPixels } from "./pixels_script.js";
