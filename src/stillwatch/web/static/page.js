"use strict";
// Draws the charts, and lets pages be worked by keyboard. Everything works without it, but for the pictures.

async function draw(figure) {
  const specification = JSON.parse(figure.querySelector("script").textContent);
  await vegaEmbed(figure.querySelector(".drawing"), { width: "container", ...specification }, {
    mode: "vega-lite", renderer: "svg", actions: false, ast: true, config: chartConfig, defaultStyle: false,
    tooltip: { disableDefaultStyle: true },
  });
  figure.querySelector("svg").setAttribute("aria-hidden", "true");  // it is described by what it stands in
}

// A chart is drawn when it comes near the screen, so that the page is there at once.
const near = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    draw(target);
  }
}, { rootMargin: "600px" });

function charts(place) {
  if (window.vegaEmbed) place.querySelectorAll("figure.chart").forEach((figure) => near.observe(figure));
}
charts(document);
document.addEventListener("htmx:after:swap", (event) => charts(event.target));
addEventListener("beforeprint", () => {
  document.querySelectorAll("figure.chart .drawing:empty").forEach((drawing) => draw(drawing.closest("figure")));
});

// On a phone what narrows the list begins folded.
if (matchMedia("(max-width: 820px)").matches) document.querySelectorAll("details.facets").forEach((facets) => { facets.open = false; });

// On a phone the menu is wider than the screen: where one is, is shown. (Scrolling an element into view would make the
// keyboard begin there.)
const here = document.querySelector(".bar nav [aria-current]");
if (here) here.closest("nav").scrollLeft = here.offsetLeft - here.closest("nav").offsetLeft - 40;

// Back to the queue as it was searched.
if (location.pathname === "/cases") sessionStorage.setItem("queue", location.href);
document.querySelectorAll("a[data-back]").forEach((link) => { link.href = sessionStorage.getItem("queue") ?? link.href; });

// The keys: j and k walk the rows of a page, or its sections where it has no rows that lead on.
function stops() {
  const rows = document.querySelectorAll("[data-rows] tbody tr :is(th, td) > a:first-of-type");
  return rows.length ? [...rows] : [...document.querySelectorAll("main section[id] > h2")];
}

function walk(step) {
  const places = stops();
  const at = places.findIndex((place) => place.contains(document.activeElement) || place === document.activeElement);
  const next = places[at < 0 ? (step > 0 ? 0 : places.length - 1) : Math.min(places.length - 1, Math.max(0, at + step))];
  if (!next) return;
  if (!next.matches("a")) next.tabIndex = -1;
  next.focus();
  next.scrollIntoView({ block: next.matches("a") ? "nearest" : "start" });
}

const follow = (selector) => document.querySelector(selector)?.click();
const keys = {
  j: () => walk(1),
  k: () => walk(-1),
  n: () => follow("[rel=next]"),
  p: () => follow("[rel=first]"),
  u: () => follow("a[data-back]"),
  q: () => { location.href = "/cases"; },
  "/": () => {
    const box = document.querySelector("main input[type=search], #find");
    box?.focus();
    box?.setSelectionRange(box.value.length, box.value.length);
  },
  "?": () => document.getElementById("keys")?.showModal(),
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable], canvas, dialog[open]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
  event.preventDefault();
  keys[event.key]();
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-keys]")) document.getElementById("keys")?.showModal();
});
