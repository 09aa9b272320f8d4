"use strict";

const place = document.getElementById("contract");
const NAMES = {
  "#servers": "Server",
  select: "Choice",
  textarea: "Body",
  ".copy-to-clipboard button": "Copy",
};

/** Name what the viewer leaves without a name, and let keys reach what can be scrolled. */
function complete() {
  for (const [selector, name] of Object.entries(NAMES)) {
    for (const each of place.querySelectorAll(`:is(${selector}):not([aria-label])`)) each.setAttribute("aria-label", name);
  }
  for (const each of place.querySelectorAll("pre:not([tabindex])")) each.tabIndex = 0;
  // They have the id of what they label.
  for (const each of place.querySelectorAll("label[id]")) each.removeAttribute("id");
}

new MutationObserver(complete).observe(place, { childList: true, subtree: true });
SwaggerUIBundle({
  url: `../openapi/${place.dataset.api}.json`,
  domNode: place,
  // Else its buttons have links inside.
  deepLinking: false,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
});
