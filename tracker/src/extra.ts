/** What few pages need of the tracker; the script has it in a file of its own. */
export { checkConfig, readAttributes } from "./config.js";
export { detailsOf } from "./details.js";
export { readDevice } from "./device.js";
export { followHistory } from "./history.js";
export { readCalls } from "./noted_calls.js";
export { changeConsent, countable, mayTrack } from "./privacy.js";
export { redactUrl } from "./redact.js";
