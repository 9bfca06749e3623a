// The page of the last events, as they arrive. Everything in them was sent by somebody: it is
// shown as text (textContent), never as HTML.
import { getJson, poll, write } from "./poll.js";

const events = document.querySelector("#events");
const sessions = document.querySelector("#sessions");
const empty = document.querySelector("#empty");
const status = document.querySelector("#feed-status");
const filter = document.querySelector("#filter");
const pause = document.querySelector("#pause");
const held = document.querySelector("#held");

const titles = (table) => [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
const money = ({ conversion_value: value, currency }) => (value ? `${value} ${currency ?? ""}` : "");
const time = (iso) => new Date(iso).toLocaleTimeString();
const joined = (...parts) => parts.filter(Boolean).join(" · ");
/** The part of a session's id that tells it from others; see createSessions in the tracker. */
const short = (id) => (id.length > 8 ? `…${id.slice(-6)}` : id);

const path = (address) => {
  if (!address) return "";
  try {
    const { pathname, search } = new URL(address);
    return pathname + search;
  } catch {
    return address; // somebody else's idea of an address
  }
};

/** The sessions of this browser, as the tracker keeps them for its tabs. */
const ownSessions = () => {
  try {
    return Object.entries({ ...localStorage })
      .filter(([key]) => /^ct:.*:sessions$/.test(key))
      .flatMap(([, text]) => JSON.parse(text))
      .map(({ session_id }) => session_id);
  } catch {
    return []; // the browser keeps nothing for this site, or something else does
  }
};
/** A session's short id, and whether it is one's own. */
const sessionLine = (id, below = "") =>
  line(short(id), joined(ownSessions().includes(id) && "yours", below), id);

/** What a cell shows: a line, a smaller one below it, and what a pointer sees in full. */
const line = (main, below = "", title = "") => ({ main, below, title });

// In the order of the table's columns.
const eventCells = (event) => [
  line(time(event.created_at), "", event.created_at),
  line(
    event.event_type,
    joined(event.event_name === event.event_type ? "" : event.event_name, event.is_bot && "a bot"),
  ),
  line(path(event.page_url), "", event.page_url ?? ""),
  sessionLine(event.session_id),
  line(event.channel, joined(event.source_type, event.channel_rule)),
  line(event.utm_campaign),
  line(event.device_type, joined(event.browser, event.os)),
  line(event.funnel_stage),
  line(money(event)),
];

const sessionCells = (session) => [
  sessionLine(session.session_id, time(session.created_at)),
  line(session.channel),
  line(session.utm_campaign),
  ...session.stages.map(({ reached_at: at }) => line(at ? "✓" : "", "", at ? time(at) : "")),
  line(money(session)),
];

const makeCell = ({ main, below, title }, label) => {
  const cell = document.createElement("td");
  cell.setAttribute("role", "cell");
  cell.dataset.label = label; // for cards, where no head stands above
  cell.title = title;
  cell.textContent = main ?? "";
  if (below) {
    const small = document.createElement("small");
    small.textContent = below;
    cell.append(small);
  }
  return cell;
};

const makeRow = (table, cells) => {
  const row = document.createElement("tr");
  row.setAttribute("role", "row");
  const labels = titles(table);
  row.append(...cells.map((cell, index) => makeCell(cell, labels[index])));
  return row;
};

/** The row's event as a button, by which all that is stored of it is shown below the row. */
const addDetails = (row, event) => {
  const cell = row.cells[1];
  const button = document.createElement("button");
  button.type = "button";
  button.className = "details";
  button.setAttribute("aria-expanded", "false");
  button.append(cell.firstChild);
  cell.prepend(button);
  button.addEventListener("click", () => toggleDetails(row, button, event));
};

const toggleDetails = async (row, button, { session_id: session, id }) => {
  const isOpen = button.getAttribute("aria-expanded") === "true";
  button.setAttribute("aria-expanded", String(!isOpen));
  if (isOpen) return row.nextElementSibling?.matches(".payload") && row.nextElementSibling.remove();
  const details = makePayload(row, "asking the database");
  row.after(details);
  const found = await getJson(`/api/event?${new URLSearchParams({ session, id })}`).catch(({ message }) => ({ message }));
  const said = found.event ? JSON.stringify(found.event, null, 2) : (found.message ?? "it is gone");
  details.querySelector("pre").textContent = said;
};

const makePayload = (row, text) => {
  const details = document.createElement("tr");
  details.className = "payload";
  details.dataset.eventKey = row.dataset.eventKey;
  const cell = details.insertCell();
  cell.colSpan = row.cells.length;
  const payload = document.createElement("pre");
  payload.tabIndex = 0;
  payload.textContent = text;
  cell.append(payload);
  return details;
};

/** Hides the rows without the text that is asked for. */
const applyFilter = () => {
  const wanted = filter.value.trim().toLowerCase();
  for (const row of events.tBodies[0].rows)
    if (!row.matches(".payload")) {
      const isHidden = !row.textContent.toLowerCase().includes(wanted);
      row.hidden = isHidden;
      const below = row.nextElementSibling;
      if (below?.matches(".payload")) below.hidden = isHidden;
    }
};

/** By which an event is told from others: its id is one of its session. */
const keyOf = ({ session_id, id }) => `${id} ${session_id}`;

/** The events that have no row yet. */
const unseen = (list) => {
  const shown = new Set([...events.tBodies[0].rows].map((row) => row.dataset.eventKey));
  return list.filter((event) => !shown.has(keyOf(event)));
};

/** Adds what is new at the top, and takes away what is no longer among the last. */
const showEvents = (list) => {
  const body = events.tBodies[0];
  const isFirst = !body.rows.length;
  const rows = unseen(list).map((event) => {
    const row = makeRow(events, eventCells(event));
    row.dataset.eventKey = keyOf(event);
    addDetails(row, event);
    row.classList.toggle("fresh", !isFirst);
    return row;
  });
  body.prepend(...rows);
  const keys = new Set(list.map(keyOf));
  [...body.rows].filter((row) => !keys.has(row.dataset.eventKey)).forEach((row) => row.remove());
  applyFilter();
};

const makeSessionRow = (session) => {
  const row = makeRow(sessions, sessionCells(session));
  row.dataset.sessionId = session.session_id;
  const first = row.cells.length - session.stages.length - 1;
  const done = session.stages.filter(({ reached_at }) => reached_at);
  // For a phone, where the stages are the parts of a bar, without names.
  row.dataset.progress = `${done.length} of ${session.stages.length}`;
  if (done.length) row.dataset.progress += `: ${done.at(-1).stage.replaceAll("_", " ")}`;
  session.stages.forEach(({ stage, reached_at }, index) => {
    const cell = row.cells[first + index];
    cell.dataset.stage = stage;
    cell.toggleAttribute("data-reached", Boolean(reached_at));
  });
  return row;
};

let lastSessions = "";
const showSessions = (list) => {
  const text = JSON.stringify(list);
  if (text === lastSessions) return; // or a selection in the table would be lost each second
  lastSessions = text;
  sessions.tBodies[0].replaceChildren(...list.map(makeSessionRow));
};

const say = (text, isLive) => {
  status.toggleAttribute("data-live", isLive);
  write(status, text);
};

let lastEvents = [];
/** While it is paused nothing moves; how many have come meanwhile is said. */
const isPaused = () => pause.getAttribute("aria-pressed") === "true";
const countHeld = (list) => {
  const count = unseen(list).length;
  return count ? `${count}${count === list.length ? " or more" : ""} new` : "";
};

const show = (last) => {
  say("live from Postgres", true);
  lastEvents = last.events;
  write(held, isPaused() ? countHeld(last.events) : "");
  if (isPaused()) return;
  showSessions(last.sessions);
  showEvents(last.events);
  empty.hidden = last.events.length > 0;
  document.body.toggleAttribute("data-empty", !last.events.length);
};

filter.addEventListener("input", applyFilter);
pause.addEventListener("click", () => {
  pause.setAttribute("aria-pressed", String(!isPaused()));
  pause.textContent = isPaused() ? "Go on" : "Pause";
  if (isPaused()) return;
  held.textContent = "";
  showEvents(lastEvents);
});

poll(
  () => getJson("/api/last"),
  show,
  (error) => say(error.message, false),
);
