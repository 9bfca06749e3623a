// The page of the last events, as they arrive. Everything in them was sent by somebody: it is
// shown as text (textContent), never as HTML.
import { getJson, poll } from "./poll.js";

const events = document.querySelector("#events");
const sessions = document.querySelector("#sessions");
const empty = document.querySelector("#empty");
const status = document.querySelector("#feed-status");

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
    return pathname + (search ? "?…" : "");
  } catch {
    return address; // somebody else's idea of an address
  }
};

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
  line(short(event.session_id), "", event.session_id),
  line(event.channel, joined(event.source_type, event.channel_rule)),
  line(event.utm_campaign),
  line(event.device_type, joined(event.browser, event.os)),
  line(event.funnel_stage),
  line(money(event)),
];

const sessionCells = (session) => [
  line(short(session.session_id), time(session.created_at), session.session_id),
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

/** Adds what is new at the top, and takes away what is no longer among the last. */
const showEvents = (list) => {
  const body = events.tBodies[0];
  const isFirst = !body.rows.length;
  const shown = new Set([...body.rows].map((row) => row.dataset.eventId));
  const fresh = list.filter(({ id }) => !shown.has(id));
  const rows = fresh.map((event) => {
    const row = makeRow(events, eventCells(event));
    row.dataset.eventId = event.id;
    row.classList.toggle("fresh", !isFirst);
    return row;
  });
  body.prepend(...rows);
  const ids = new Set(list.map(({ id }) => id));
  [...body.rows].filter((row) => !ids.has(row.dataset.eventId)).forEach((row) => row.remove());
};

const makeSessionRow = (session) => {
  const row = makeRow(sessions, sessionCells(session));
  row.dataset.sessionId = session.session_id;
  const first = row.cells.length - session.stages.length - 1;
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
  if (status.textContent !== text) status.textContent = text;
};

const show = (last) => {
  showSessions(last.sessions);
  showEvents(last.events);
  empty.hidden = last.events.length > 0;
  document.body.toggleAttribute("data-empty", !last.events.length);
  say("live from Postgres", true);
};

poll(
  () => getJson("/api/last"),
  show,
  (error) => say(error.message, false),
);
