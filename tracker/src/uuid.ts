import { now } from "./clock.js";

/** Random digits from crypto, 0 to 9. */
export const randomDigits = (count: number): string =>
  crypto
    .getRandomValues(new Uint8Array(count))
    .map((byte) => byte % 10)
    .join("");

/**
 * A UUID version 7 (RFC 9562, 5.7): the time in milliseconds, then 18 random digits, which
 * are 59 bits: a decimal digit is a hexadecimal one, and shorter to make.
 * crypto.randomUUID would need a secure context, and its version 4 does not sort by time.
 */
export const uuidv7 = (): string =>
  // Until the year 2527 the time has eleven hexadecimal digits.
  (0 + now().toString(16)).replace(/.{8}/, "$&-") +
  "-7" +
  randomDigits(3) +
  "-8" +
  randomDigits(3) +
  "-" +
  randomDigits(12);
