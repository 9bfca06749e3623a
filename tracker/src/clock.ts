/** Epoch milliseconds. A page may have replaced the clock by one with fractions. */
export const now = (): number => Math.floor(Date.now());
