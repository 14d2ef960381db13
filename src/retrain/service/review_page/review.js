"use strict";
// Which row is shown, what was answered, what comes next? All that counts is kept by the server before it shows here.

const KEYS = {
  ArrowLeft: "left", 1: "left", ArrowRight: "right", 2: "right", ArrowUp: "both", b: "both",
  ArrowDown: "neither", n: "neither", s: "skip",
};
const at = (id) => document.getElementById(id);
const seen = { rows: [], told: null, row: null, busy: false, token: null };

function kept(name, value) {
  // Private windows may refuse to keep anything; the page works without.
  try {
    if (value !== undefined) sessionStorage.setItem(name, value);
    return sessionStorage.getItem(name);
  } catch {
    return null;
  }
}

async function call(name, body) {
  const headers = { "Content-Type": "application/json" };
  if (seen.token) headers.Authorization = `Bearer ${seen.token}`;
  let answer;
  try {
    answer = await fetch(`/api/${name}`, { method: "POST", headers, body: JSON.stringify(body) });
  } catch {
    throw new Error("The review does not answer. What was shown as judged is kept; try again once it runs.");
  }
  const told = await answer.json().catch(() => ({ error: `The review answered ${answer.status}; try again.` }));
  if (answer.status === 401) at("token-part").hidden = false;
  if (!answer.ok) throw new Error(told.error);
  return told;
}

/** One call at a time: a key that is pressed before the answer came must not judge a row that nobody has seen. */
async function ask(name, body = {}) {
  if (seen.busy) return;
  seen.busy = true;
  document.body.setAttribute("aria-busy", "true");
  try {
    const told = await call(name, { reviewer: seen.told?.reviewer, ...body });
    if (told.rows) seen.rows = told.rows;
    seen.told = told;
    kept("reviewer", told.reviewer);
    at("trouble").hidden = true;
    show();
  } catch (error) {
    at("trouble").textContent = error.message;
    at("trouble").hidden = false;
    if (!seen.told) enter();
  } finally {
    seen.busy = false;
    document.body.removeAttribute("aria-busy");
  }
}

function only(id) {
  for (const part of ["enter", "judge", "done", "result"]) at(part).hidden = part !== id;
}

function enter() {
  only("enter");
  at("name").focus();
}

function show() {
  const { told, rows } = seen;
  at("model").textContent = told.model;
  at("who").textContent = `Judging as ${told.reviewer}`;
  at("who").hidden = false;
  people();
  const judged = rows.filter((row) => row.id in told.choices).length;
  seen.row = rows.find((row) => !(row.id in told.choices)) ?? null;
  if (told.finished) return result();
  if (!seen.row) {
    only("done");
    at("undo-last").hidden = judged === 0;
    return at("done-head").focus();
  }
  only("judge");
  at("place").textContent = `Row ${judged + 1} of ${rows.length}`;
  at("bar").value = judged / rows.length;
  for (const part of ["text", "left", "right"]) at(part).textContent = seen.row[part];
  at("undo").disabled = judged === 0;
  at("place").focus();
  at("said").textContent = `Row ${judged + 1} of ${rows.length}`;
}

function people() {
  at("people").hidden = false;
  at("list").replaceChildren(...seen.told.people.map((one) => {
    const line = document.createElement("li");
    const state = one.finished ? "finished" : `${one.judged} of ${seen.rows.length}`;
    line.textContent = `${one.name}: ${state}`;
    return line;
  }));
}

function result() {
  only("result");
  const { result: found, verdict, needed, people: all } = seen.told;
  at("waits").hidden = Boolean(found);
  at("totals").hidden = !found;
  if (!found) {
    const done = all.filter((one) => one.finished).length;
    at("waits").textContent = `Your judgements are kept. ${done} of ${needed} reviewers have finished; the totals are `
      + "shown when all have. Load this page again then.";
  } else {
    for (const name of ["challenger", "champion", "tied"]) at(name).textContent = found[name];
    const p = found.p_value < 0.0001 ? "under 0.0001" : found.p_value.toFixed(4);
    at("chance").textContent = `${found.rows} rows judged. Exact sign test: p ${p}.`;
    at("agreement").textContent = found.agreement ? `Agreement: ${found.agreement}.` : "One reviewer: no agreement to show.";
    at("suggestion").textContent = suggested(found.suggestion);
    for (const button of at("decide").querySelectorAll("button")) {
      button.classList.toggle("primary", button.value === found.suggestion);
    }
    if (verdict) {
      const word = verdict.verdict === "approve" ? "Approved" : "Rejected";
      const more = verdict.missing ? ` ${verdict.missing} more must approve before it counts.` : "";
      at("given").textContent = `${word} after review by ${verdict.reviewers.join(", ")}, ledger entry ${verdict.entry}.${more}`;
    }
    at("given").hidden = !verdict;
    at("decide").hidden = Boolean(verdict) && !verdict.asked;
  }
  at("result-head").focus();
}

function suggested(word) {
  if (word === "approve") return "People prefer the challenger, beyond chance: approval is suggested.";
  if (word === "reject") return "People prefer the champion, beyond chance: rejection is suggested.";
  return "Neither is preferred beyond chance: nothing is suggested.";
}

function undo() {
  if (seen.told && Object.keys(seen.told.choices).length) ask("undo");
}

document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|TEXTAREA)$/.test(event.target.tagName);
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const judging = !at("judge").hidden;
  if (judging && key in KEYS) ask("judge", { row: seen.row.id, choice: KEYS[key] });
  else if (key === "u" && (judging || !at("done").hidden)) undo();
  else if (key === "Enter" && !at("done").hidden && event.target.tagName !== "BUTTON") ask("finish");
  else return;
  event.preventDefault();
});
for (const button of document.querySelectorAll("[data-choice]")) {
  button.addEventListener("click", () => ask("judge", { row: seen.row.id, choice: button.dataset.choice }));
}
at("undo").addEventListener("click", undo);
at("undo-last").addEventListener("click", undo);
at("finish").addEventListener("click", () => ask("finish"));
at("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  if (at("token").value) seen.token = kept("token", at("token").value) ?? at("token").value;
  ask("open", { reviewer: at("name").value });
});
at("decide").addEventListener("submit", (event) => {
  event.preventDefault();
  ask("verdict", { verdict: event.submitter?.value, reason: at("reason").value });
});

const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) {
  kept("token", given);
  // Out of the address bar, and out of the history that others on this machine can read.
  history.replaceState(null, "", location.pathname);
}
seen.token = given ?? kept("token");
if (kept("reviewer")) ask("open", { reviewer: kept("reviewer") });
else enter();
