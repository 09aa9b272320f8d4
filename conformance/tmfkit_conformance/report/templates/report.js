"use strict";
// The page is complete without this script: it only narrows the list of requirements, and opens what a link leads to.
const form = document.getElementById("filter");
const groups = [...document.querySelectorAll("#requirements details.group")];

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
  let here = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const target = here;
  for (; here; here = here.parentElement) {
    if (here.tagName === "DETAILS") here.open = true;
  }
  if (target) target.scrollIntoView();
}

form.hidden = false;
form.addEventListener("input", narrow);
form.addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", reveal);
reveal();
