import { now } from "./clock.js";

/** So many random digits, 12 at most: of a number that small there may be no more. */
export const randomDigits = (count: number): string =>
  `00000000000${crypto.getRandomValues(new BigUint64Array(1))}`.slice(-count);

/**
 * A UUID version 7 (RFC 9562, 5.7): the time in milliseconds, then 18 random digits, which
 * are 59 bits: a decimal digit is a hexadecimal one, and shorter to make.
 * crypto.randomUUID would need a secure context, and its version 4 does not sort by time.
 */
export const uuidv7 = (): string => {
  // Until the year 2527 the time has eleven hexadecimal digits.
  const time = 0 + now().toString(16);
  return time.slice(0, 8) + "-" + time.slice(8) + "-7" + randomDigits(3) + "-8" + randomDigits(3) + "-" + randomDigits(12);
};
