// The strip at the top of each page: this tab's row of conversion_funnel. It shows what the
// database has, not what the page believes.
import { getJson, poll, write } from "./poll.js";

const SESSION_KEY = "ct_session_id"; // where the tracker keeps the session's id
const TRACKER_LOADS_MS = 3000;

const strip = document.querySelector("#visit");
const stages = [...strip.querySelectorAll("[data-stage]")];
const status = document.querySelector("#visit-status");
const stage = document.querySelector("#visit-stage");

const sessionId = () => {
  try {
    return sessionStorage.getItem(SESSION_KEY);
  } catch {
    return null; // the browser keeps nothing for this site
  }
};

const say = (text) => {
  write(status, text);
  write(stage, "");
};

const ask = async () => {
  const id = sessionId();
  return id ? (await getJson(`/api/session?id=${encodeURIComponent(id)}`)).session : null;
};

const show = (session) => {
  const reached = new Map(session?.stages.map(({ stage, reached_at }) => [stage, reached_at]));
  stages.forEach((item) => {
    const at = reached.get(item.dataset.stage);
    item.toggleAttribute("data-reached", Boolean(at));
    item.title = at ? `reached at ${new Date(at).toLocaleTimeString()}` : "not reached yet";
  });
  if (!session) return say(missing());
  const done = stages.filter((item) => item.hasAttribute("data-reached"));
  write(status, `${session.channel}, ${done.length} of ${stages.length}`);
  write(stage, done.length ? `: ${done.at(-1).textContent}` : "");
};

/** Why there may be no row. */
const missing = () => {
  if (sessionId()) return "not in the database yet";
  if (performance.now() < TRACKER_LOADS_MS) return "waiting for the tracker";
  if (navigator.globalPrivacyControl || navigator.doNotTrack === "1")
    return "no session: a privacy signal is on";
  return "no session: tracker blocked?";
};

poll(ask, show, (error) => say(error.message));
