/** POSTs to this site's server; its JSON. Throws an Error with a message for the visitor. */
export const post = async (path) => {
  const answer = await fetch(path, { method: "POST" }).catch(() => undefined);
  if (!answer?.ok) throw new Error("That did not work. Please try again.");
  return answer.json();
};
