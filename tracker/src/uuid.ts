/** Random hexadecimal digits from crypto. */
export const randomHex = (digits: number): string =>
  [...crypto.getRandomValues(new Uint8Array(digits))]
    .map((byte) => (byte & 15).toString(16))
    .join("");

/**
 * A UUID version 7 (RFC 9562, 5.7): the time in milliseconds, then 72 random bits.
 * crypto.randomUUID would need a secure context, and its version 4 does not sort by time.
 */
export const uuidv7 = (): string =>
  // Until the year 2527 the time has eleven hexadecimal digits.
  `0${Date.now().toString(16)}${randomHex(18)}`.replace(
    /(.{8})(.{4})(...)(...)/,
    "$1-$2-7$3-8$4-",
  );
