import { now } from "./clock.js";

/**
 * A UUID version 7 (RFC 9562, 5.7): the time in milliseconds, then 18 random digits, which
 * are 59 bits: a decimal digit is a hexadecimal one, and shorter to make.
 * crypto.randomUUID would need a secure context, and its version 4 does not sort by time.
 */
export const uuidv7 = (): string =>
  // Until the year 2527 the time has eleven hexadecimal digits.
  (0 + now().toString(16)).replace(/.{8}/, "$&-") +
  crypto
    .getRandomValues(new Uint8Array(18))
    .map((byte) => byte % 10)
    .join("")
    .replace(/(...)(...)/, "-7$1-8$2-");
