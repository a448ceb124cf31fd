// Asks the agent again and again and shows what it says. What is looked at (task, filter, order) stands in the address.

import { NoAnswer, NoDataYet, OddAnswer, TokenWanted, hasToken, keepToken, overview } from "./agent.js";
import { QUANTITIES, completed } from "./columns.js";
import { Detail } from "./detail.js";
import { Histories } from "./history.js";
import { Machine } from "./machine.js";
import { Table } from "./table.js";
import { clock, element, seconds, write } from "./words.js";

const FASTEST = 1;
const SLOWEST = 15;
const STALE = 30;

const $ = (id) => document.getElementById(id);
const histories = new Histories(QUANTITIES);
const machine = new Machine($("machine"));
const detail = new Detail(() => look({ task: null }));
const table = new Table($("tasks"), {
  onSort: (key) => look({ sort: key, up: view().sort === key && view().descending ? "1" : null }),
  onOpen: (id) => look({ task: id }),
  more: $("more"),
  nothing: $("nothing"),
  count: $("count"),
});

let newest = null;
let newestSince = 0;
let silentSince = null;
let eventsShown = "";
let timer = null;

function view() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const sort = asked.get("sort") ?? "cpus";
  const up = asked.has("up") !== (sort === "name");
  return { task: asked.get("task"), filter: asked.get("filter") ?? "", sort, descending: !up };
}

/** Changes the address; null takes a part of it away. */
function look(changes) {
  const asked = new URLSearchParams(location.hash.slice(1));
  for (const [key, value] of Object.entries(changes)) value === null || value === "" ? asked.delete(key) : asked.set(key, value);
  history.replaceState(null, "", asked.size ? `#${asked}` : location.pathname + location.search);
  show();
}

function show() {
  if (newest === null) return;
  const wanted = view();
  if ($("filter").value !== wanted.filter) $("filter").value = wanted.filter;
  table.show([...newest.tasks], histories.byId, wanted);
  detail.show(wanted.task, newest.tasks, histories.byId);
}

function take(found) {
  const now = performance.now() / 1000;
  if (newest?.time !== found.time) {
    newest = { ...found, tasks: found.tasks.map(completed) };
    newestSince = now;
    histories.add(found.time, newest.tasks.map((task) => [task.task_id, task]));
    machine.show(newest);
    showEvents(newest.events);
    write($("host"), newest.host);
    document.title = `${newest.host} · WCA`;
  }
  const age = now - newestSince;
  const every = newest.seconds === null ? "" : ` · a step every ${seconds(newest.seconds)}`;
  const took = newest.step_seconds === null ? "" : ` takes ${seconds(newest.step_seconds)}`;
  write($("pace"), `${clock(newest.time)}${every}${took}`);
  tell(age > STALE ? `The agent answers, but its last step was ${age.toFixed(0)} s ago.` : "");
  document.body.classList.toggle("stale", age > STALE);
  $("view").hidden = false;
  $("token-form").hidden = true;
  show();
}

function fail(error) {
  if (error instanceof TokenWanted) {
    tell(hasToken() ? "That token is not the right one." : "");
    $("view").hidden = true;
    if ($("token-form").hidden) {
      $("token-form").hidden = false;
      $("token").focus();
    }
    return;
  }
  document.body.classList.add("stale");
  if (error instanceof NoDataYet) tell("No data yet: the agent has not finished its first step.");
  else if (error instanceof NoAnswer) {
    silentSince ??= Date.now() / 1000;
    const since = newest === null ? "" : ` since ${clock(silentSince)}; what is shown is from ${clock(newest.time)}`;
    tell(`The agent does not answer${since}. It is asked again and again.`);
  } else if (error instanceof OddAnswer) tell(`The agent answered ${error.message}`);
  else tell(`What the agent answered cannot be shown (${error}). It is asked again; if it was upgraded, reload this page.`);
}

function tell(text) {
  write($("state"), text);
  $("state").hidden = text === "";
}

function showEvents(events) {
  const text = JSON.stringify(events);
  if (text === eventsShown) return;
  eventsShown = text;
  const lines = [...events].reverse().map((event) => {
    const text = event.task_id && histories.byId.has(event.task_id) ? opener(event) : event.text;
    const time = element("time", { datetime: new Date(event.time * 1000).toISOString() }, clock(event.time));
    return element("li", {}, time, element("span", { class: `kind ${event.kind}` }, event.kind), text);
  });
  $("events").replaceChildren(...lines);
  $("no-events").hidden = lines.length > 0;
}

function opener(event) {
  const button = element("button", { type: "button" }, event.text);
  button.addEventListener("click", () => look({ task: event.task_id }));
  return button;
}

async function ask() {
  clearTimeout(timer);
  try {
    take(await overview());
    silentSince = null;
  } catch (error) {
    fail(error);
    if (error instanceof TokenWanted) return;
  }
  const pause = Math.min(SLOWEST, Math.max(FASTEST, newest?.seconds ?? FASTEST));
  timer = setTimeout(ask, pause * 1000);
}

$("filter").addEventListener("input", () => look({ filter: $("filter").value }));
$("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  keepToken($("token").value.trim());
  $("token").value = "";
  ask();
});
addEventListener("hashchange", show);
document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : ask()));
ask();
