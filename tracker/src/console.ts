const said: Record<string, true> = {};

/** A line in the console for who wrote the page: what is wrong there. Each line once. */
export const complain = (line: string): void => {
  if (!said[line]) {
    said[line] = true;
    console.warn("conversionTracking: " + line);
  }
};
