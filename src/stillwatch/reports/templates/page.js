"use strict";
// Draws the charts, sorts and unfolds the tables of accounts. Loads nothing.

async function draw(figure) {
  if (figure.dataset.drawn) return;
  figure.dataset.drawn = "yes";
  const specification = JSON.parse(figure.querySelector("script").textContent);
  await vegaEmbed(figure.querySelector(".drawing"), { width: "container", ...specification }, {
    mode: "vega-lite", renderer: "svg", actions: false, ast: true, config: chartConfig,
  });
  figure.querySelector("svg").setAttribute("aria-hidden", "true");  // it is described by what it stands in
}

// One after the other, so that the page stays responsive; what is folded away has no width yet, and waits.
async function drawAll(place) {
  for (const figure of place.querySelectorAll("figure.chart")) {
    if (!figure.closest("details:not([open])")) await draw(figure);
  }
}
const campaigns = document.querySelectorAll("details.campaign");
campaigns.forEach((campaign) => campaign.addEventListener("toggle", () => drawAll(campaign)));
drawAll(document);

// Paper shows everything, and the screen afterwards what it showed before.
const unfolded = [];
addEventListener("beforeprint", () => {
  unfolded.push(...[...campaigns].filter((campaign) => !campaign.open));
  unfolded.forEach((campaign) => { campaign.open = true; });
  document.querySelectorAll("figure.chart").forEach(draw);
});
addEventListener("afterprint", () => unfolded.splice(0).forEach((campaign) => { campaign.open = false; }));

function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.scrollIntoView();
  }
}
addEventListener("hashchange", reveal);
reveal();

function row(cells, like) {
  const line = document.createElement("tr");
  cells.forEach((text, column) => {
    const cell = document.createElement("td");
    cell.textContent = text;
    cell.className = like.cells[column].className;
    line.append(cell);
  });
  return line;
}

function order(column, numeric, falling) {
  const value = (cells) => (numeric ? Number(cells[column].replaceAll(",", "")) : cells[column]);
  const sign = falling ? -1 : 1;
  return (a, b) => sign * (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0);
}

for (const table of document.querySelectorAll("table.accounts")) {
  const rows = JSON.parse(table.nextElementSibling.textContent);
  const body = table.tBodies[0];
  const like = body.rows[0];
  const button = table.closest("details").querySelector("button.all");
  let shown = body.rows.length;
  const show = () => body.replaceChildren(...rows.slice(0, shown).map((cells) => row(cells, like)));
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const sorter = document.createElement("button");
    sorter.type = "button";
    sorter.append(...heading.childNodes);
    heading.append(sorter);
    sorter.addEventListener("click", () => {
      const numeric = heading.classList.contains("number");
      const falling = heading.ariaSort ? heading.ariaSort === "ascending" : numeric;
      [...heading.parentNode.cells].forEach((other) => { other.ariaSort = null; });
      heading.ariaSort = falling ? "descending" : "ascending";
      rows.sort(order(column, numeric, falling));
      show();
    });
  });
  if (!button) continue;
  button.hidden = false;
  button.addEventListener("click", () => {
    shown = rows.length;
    button.parentNode.remove();
    show();
  });
}
