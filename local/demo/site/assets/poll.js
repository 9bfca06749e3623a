// For the demo's own displays: what the database has, asked for each second.

const PAUSE_MS = 1000;

/** The JSON of this site's server. Throws an Error that says what is wrong. */
export const getJson = async (path) => {
  const answer = await fetch(path).catch(() => undefined);
  if (!answer) throw new Error("The demo's server does not answer: has make run ended?");
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.message);
  return body;
};

/** Writes a text that is another: a status that is written again is read out again. */
export const write = (place, text) => {
  if (place.textContent !== text) place.textContent = text;
};

/** Each second, while the page is seen: `show` gets what `ask` found, or `complain` its Error. */
export const poll = async (ask, show, complain) => {
  for (;;) {
    if (!document.hidden) await ask().then(show, complain);
    await new Promise((done) => setTimeout(done, PAUSE_MS));
  }
};
