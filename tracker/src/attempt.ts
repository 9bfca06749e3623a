/** What `work` returns, or undefined where it throws: the tracker never breaks a page. */
export const attempt = <T>(work: () => T): T | undefined => {
  try {
    return work();
  } catch {
    // What cannot be done is left out.
  }
};
