"use strict";

const ON_A_PAGE = 50;
const messagesPath = document.body.dataset.messages.slice(1);
const pages = { "dead-letters": 0, messages: 0 };
let key = "";

/** Ask the server; throws an Error that says what it said. */
async function ask(path, method = "GET") {
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  const answer = await fetch(path, { method, headers, cache: "no-store", credentials: "omit" });
  const body = await answer.json().catch(() => null);
  if (!answer.ok) throw new Error(`${answer.status}: ${body?.reason ?? ""} ${body?.message ?? ""}`);
  return { body, total: Number(answer.headers.get("X-Total-Count")) };
}

function say(text) {
  document.getElementById("said").textContent = text;
}

/** A row of a table; what is in a cell is a text or an element, never markup. */
function row(...cells) {
  const made = document.createElement("tr");
  for (const cell of cells) made.insertCell().append(cell ?? "");
  return made;
}

function button(label, of, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = label;
  made.setAttribute("aria-label", `${label}: ${of}`);
  made.addEventListener("click", () => attempt(act));
  return made;
}

function fill(id, rows) {
  const empty = document.createElement("tr");
  const cell = empty.insertCell();
  cell.colSpan = 9;
  cell.textContent = "None";
  document.getElementById(id).replaceChildren(...(rows.length ? rows : [empty]));
}

/** The page of a list that was asked for, the newest first: the server has the oldest first. */
async function newest(name, path, query) {
  const { total } = await ask(`${path}?${query}&limit=1`);
  pages[name] = Math.max(0, Math.min(pages[name], Math.ceil(total / ON_A_PAGE) - 1));
  const end = total - pages[name] * ON_A_PAGE;
  const offset = Math.max(0, end - ON_A_PAGE);
  tellPages(name, { first: total - end + 1, last: total - offset, total });
  if (!total) return { body: [], total };
  const { body } = await ask(`${path}?${query}&offset=${offset}&limit=${end - offset}`);
  return { body: body.reverse(), total };
}

function tellPages(name, { first, last, total }) {
  const turn = (label, by, isPossible) => {
    const made = button(label, name.replace("-", " "), async () => void (pages[name] += by));
    made.disabled = !isPossible;
    return made;
  };
  const told = document.createElement("span");
  told.textContent = `${first}–${last} of ${total}`;
  const parts = [turn("Newer", -1, pages[name] > 0), told, turn("Older", 1, last < total)];
  document.getElementById(`${name}-pages`).replaceChildren(...(total > ON_A_PAGE ? parts : []));
}

function listenerRow(each) {
  const attempts = each.waiting ? String(each.attempts) : "";
  return row(
    each.hub, each.callback, each.query, String(each.waiting), each.oldestQueuedAt, attempts, each.nextAttemptAt,
    each.lastFailure, each.lastFailedAt, each.id,
  );
}

function deadRow(each) {
  const path = `admin/dead-letters/${encodeURIComponent(each.id)}`;
  const what = String(each.notification.eventType ?? each.id);
  const actions = document.createElement("div");
  actions.append(
    button("Send again", what, () => ask(`${path}/resend`, "POST")),
    button("Forget", what, () => ask(path, "DELETE")),
  );
  return row(what, each.callback, each.reason, String(each.lastStatus ?? ""), String(each.attempts), each.givenUpAt, actions);
}

function messageRow(each) {
  const path = `${messagesPath}/${encodeURIComponent(each.id)}/send`;
  const isSent = each.status === "Completed" || each.status === "InProgress";
  const action = isSent ? "" : button("Send", each.id, () => ask(path, "POST"));
  return row(each.id, each.type, each.subject, each.status, action);
}

async function show() {
  const listeners = await ask("admin/listeners");
  const dead = await newest("dead-letters", "admin/dead-letters", "");
  const which = document.getElementById("failed-only").checked ? "&status=Failed" : "";
  const messages = messagesPath
    ? await newest("messages", messagesPath, `fields=id,type,subject,status${which}`)
    : { body: [] };
  fill("listeners", listeners.body.map(listenerRow));
  fill("dead-letters", dead.body.map(deadRow));
  fill("messages", messages.body.map(messageRow));
  document.getElementById("dead-count").textContent = dead.total ? `(${dead.total})` : "";
  document.getElementById("resend-all").disabled = !dead.total;
  document.getElementById("found").hidden = false;
}

async function attempt(act) {
  say("…");
  try {
    await act();
    await show();
    say(`As of ${new Date().toLocaleTimeString()}`);
  } catch (error) {
    say(error.message);
  }
}

document.getElementById("credential").addEventListener("submit", (event) => {
  event.preventDefault();
  key = document.getElementById("key").value.trim();
  document.getElementById("found").hidden = true;
  attempt(async () => {});
});
document.getElementById("failed-only").addEventListener("change", () => {
  pages.messages = 0;
  attempt(async () => {});
});
document.getElementById("resend-all").addEventListener("click", () =>
  attempt(() => ask("admin/dead-letters/resend", "POST")),
);
