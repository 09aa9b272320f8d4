"use strict";
// The page is complete without this script: it only narrows the list of requirements, and opens what a link leads to.
const form = document.getElementById("filter");
const FIELDS = ["text", "standing", "level"];
const FILTER = "#filter:"; // what the list is narrowed to stands in the address, so that a link can lead to it
const groups = [...document.querySelectorAll("#requirements details.group")];

function toAddress() {
  const told = new URLSearchParams();
  for (const name of FIELDS) {
    if (form.elements[name].value) told.set(name, form.elements[name].value);
  }
  history.replaceState(null, "", told.size ? `${FILTER}${told}` : "#requirements");
}

function fromAddress() {
  const told = new URLSearchParams(location.hash.slice(FILTER.length));
  for (const name of FIELDS) form.elements[name].value = told.get(name) ?? "";
  narrow();
  document.getElementById("requirements").scrollIntoView();
}

function narrow() {
  const text = form.elements.text.value.trim().toLowerCase();
  const standing = form.elements.standing.value;
  const level = form.elements.level.value;
  const narrowed = Boolean(text || standing || level);
  let count = 0;
  for (const group of groups) {
    let shown = 0;
    for (const row of group.querySelectorAll(".row")) {
      row.hidden =
        (standing && row.dataset.standing !== standing) ||
        (level && row.dataset.level !== level) ||
        (text && !row.textContent.toLowerCase().includes(text));
      shown += row.hidden ? 0 : 1;
    }
    group.hidden = shown === 0;
    group.open = narrowed && shown > 0;
    count += shown;
  }
  form.elements.count.value = narrowed ? `${count} shown` : "";
}

function reveal() {
  if (location.hash.startsWith(FILTER)) {
    fromAddress();
    return;
  }
  let here = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const target = here;
  for (; here; here = here.parentElement) {
    if (here.tagName === "DETAILS") here.open = true;
  }
  if (target) {
    for (const row of document.querySelectorAll(".row[aria-current]")) row.removeAttribute("aria-current");
    if (target.classList.contains("row")) target.setAttribute("aria-current", "true");
    target.scrollIntoView();
  }
}

form.hidden = false;
form.addEventListener("input", () => {
  narrow();
  toAddress();
});
form.addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", reveal);
reveal();
