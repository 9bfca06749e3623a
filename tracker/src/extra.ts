/** What t.js loads where a page has pixels, as `t.extra.js` beside it. */
export { tellPixels } from "./pixels.js";
