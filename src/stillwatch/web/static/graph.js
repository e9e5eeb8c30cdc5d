// Draws the graph of a case on a canvas and lets people walk through it: with a mouse, with fingers, by keyboard.
// The places come from the server (graph.json). Accounts that share exactly the same things are one disc, until one is
// near enough to tell them apart. Of things that very many groups share, the lines are drawn only when asked for.

const SPACING = 9; // between accounts within a disc, as stillwatch.web.layout has it
const TURN = Math.PI * (3 - Math.sqrt(5));
const APART = 5; // pixels between accounts, from which on each is drawn
const LISTED = 60; // neighbours beside the picture
const NAMED = 150; // things that get a name, at most: no screen has room for more
const NEAREST = 8, FARTHEST = 0.02; // scales
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0]/gu;

const figure = document.getElementById("graph");
const canvas = figure.querySelector("canvas");
const panel = figure.querySelector(".picked");
const pen = canvas.getContext("2d");
const number = new Intl.NumberFormat("en");

const shown = (text, most = 60) => {
  const cut = text.length > most ? `${text.slice(0, most)}…` : text;
  return cut.replace(HIDDEN, (one) => `[U+${one.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]`);
};
const count = (many, noun) => `${number.format(many)} ${noun}${many === 1 ? "" : "s"}`;

// What there is: nodes are things, groups and accounts; each knows where it stands and what it hangs together with.

function understood(told) {
  const things = told.things.map((thing, i) => ({ ...thing, ...told.places.things[i], kind: "thing", name: shown(thing.name), groups: [] }));
  const groups = told.groups.map((group, i) => ({ ...told.places.groups[i], kind: "group", things: group.things.map((t) => things[t]), accounts: [] }));
  const accounts = told.accounts.map((account) => ({ ...account, kind: "account", name: shown(account.account_id, 40), r: SPACING * 0.36 }));
  told.groups.forEach((group, i) => {
    const at = groups[i];
    at.things.forEach((thing) => thing.groups.push(at));
    at.accounts = group.accounts.map((place, rank) => {
      const away = SPACING * 0.62 * Math.sqrt(rank);
      return Object.assign(accounts[place], { group: at, x: at.x + away * Math.cos(rank * TURN), y: at.y + away * Math.sin(rank * TURN) });
    });
  });
  return { things, groups, accounts, width: told.places.width, height: told.places.height };
}

const partners = (node) => (node.kind === "thing" ? node.groups : node.kind === "group" ? node.things : node.group.things);

// Where one looks: screen = world * scale + offset.

let graph = null, picked = null, over = null, waiting = false;
const look = { scale: 1, x: 0, y: 0, width: 0, height: 0 };
const toScreen = (node) => [node.x * look.scale + look.x, node.y * look.scale + look.y];
const folded = (group) => group.accounts.length > 1 && SPACING * look.scale < APART;

function zoom(factor, x = look.width / 2, y = look.height / 2) {
  const scale = Math.min(NEAREST, Math.max(FARTHEST, look.scale * factor));
  look.x = x - (x - look.x) * (scale / look.scale);
  look.y = y - (y - look.y) * (scale / look.scale);
  look.scale = scale;
  redraw();
}

function move(x, y) {
  look.x += x;
  look.y += y;
  redraw();
}

function whole() {
  look.scale = Math.min(NEAREST / 4, (look.width - 24) / graph.width, (look.height - 24) / graph.height);
  look.x = (look.width - graph.width * look.scale) / 2;
  look.y = (look.height - graph.height * look.scale) / 2;
  redraw();
}

function approach(node) {
  const near = node.kind === "group" ? Math.min(look.width, look.height) / (2.4 * node.r) : 1.6;
  look.scale = Math.min(NEAREST, Math.max(look.scale, near));
  center(node);
}

function center(node) {
  look.x = look.width / 2 - node.x * look.scale;
  look.y = look.height / 2 - node.y * look.scale;
  redraw();
}

function keepInView(node) {
  const [x, y] = toScreen(node);
  if (x < 30 || y < 30 || x > look.width - 30 || y > look.height - 30) center(node);
}

// The drawing.

let colors = {};
let numbered = []; // where the numbers on discs stand
function readColors() {
  const style = getComputedStyle(figure);
  const names = ["ink", "muted", "line", "paper", "panel", "link"];
  colors = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  colors.family = (family) => (style.getPropertyValue(`--family-${family}`) || style.getPropertyValue("--family-other")).trim();
}

function redraw() {
  if (waiting || !graph) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; draw(); });
}

function visible(node) {
  const [x, y] = toScreen(node);
  const r = node.r * look.scale + 4;
  return x > -r && y > -r && x < look.width + r && y < look.height + r;
}

function lit() {
  const at = over ?? picked;
  if (!at) return null;
  const near = new Set([at, ...partners(at)]);
  if (at.kind === "account") near.add(at.group);
  return near;
}

function draw() {
  const ratio = devicePixelRatio || 1;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, look.width, look.height);
  pen.textBaseline = "middle";
  const near = lit();
  numbered = [];
  for (const thing of graph.things) drawLines(thing, near);
  for (const group of graph.groups) if (visible(group)) drawGroup(group, near);
  for (const thing of graph.things) if (visible(thing)) drawThing(thing, near);
  drawMark();
  drawNames(near);
}

function drawLines(thing, near) {
  const asked = near?.has(thing);
  const lines = thing.groups.filter((group) => (asked && near.has(group)) || (!thing.hub && !near));
  if (!lines.length && (thing.hub || !near)) return;
  const stroke = (groups, alpha, width) => {
    pen.globalAlpha = alpha;
    pen.lineWidth = width;
    pen.beginPath();
    const [x, y] = toScreen(thing);
    for (const group of groups) {
      pen.moveTo(x, y);
      pen.lineTo(...toScreen(group));
    }
    pen.stroke();
    pen.globalAlpha = 1;
  };
  pen.strokeStyle = colors.family(thing.family);
  if (!thing.hub && near) stroke(thing.groups, 0.1, 1);
  stroke(lines, near ? 0.75 : 0.35, near ? 1.4 : 1);
}

function drawGroup(group, near) {
  const [x, y] = toScreen(group);
  const r = group.r * look.scale;
  pen.globalAlpha = near && !near.has(group) ? 0.25 : 1;
  if (folded(group)) {
    disc(x, y, Math.max(r, 3), colors.panel, near?.has(group) ? colors.ink : colors.muted);
    if (r > 9) numbered.push([x - 12, y - 8, x + 12, y + 8]);
    if (r > 9) label(number.format(group.accounts.length), x, y, colors.ink, Math.min(15, 8 + r / 6), "center");
  } else {
    if (group.accounts.length > 1) disc(x, y, r, colors.panel, colors.line);
    drawAccounts(group);
  }
  pen.globalAlpha = 1;
}

// The surer an account belongs, the more of its dot is filled: four steps.
function drawAccounts(group) {
  const size = Math.max(1.5, group.accounts[0].r * look.scale);
  const faint = pen.globalAlpha;
  pen.fillStyle = colors.link;
  for (let step = 0; step < 4; step += 1) {
    pen.globalAlpha = faint * (0.3 + step * 0.233);
    pen.beginPath();
    for (const account of group.accounts) {
      if (Math.min(3, Math.max(0, Math.floor((account.bits - 4) / 2.5))) !== step || !visible(account)) continue;
      const [x, y] = toScreen(account);
      pen.moveTo(x + size, y);
      pen.arc(x, y, size, 0, 2 * Math.PI);
    }
    pen.fill();
  }
}

function drawThing(thing, near) {
  const [x, y] = toScreen(thing);
  const half = Math.min(9, Math.max(3.5, thing.r * look.scale * 0.7));
  pen.globalAlpha = near && !near.has(thing) ? 0.25 : 1;
  pen.fillStyle = colors.family(thing.family);
  pen.beginPath();
  pen.roundRect(x - half, y - half, 2 * half, 2 * half, 2);
  pen.fill();
  if (thing.hub) {
    pen.strokeStyle = colors.family(thing.family);
    pen.lineWidth = 1;
    pen.strokeRect(x - half - 3, y - half - 3, 2 * half + 6, 2 * half + 6);
  }
  pen.globalAlpha = 1;
}

function drawMark() {
  for (const node of [picked, over]) {
    if (!node) continue;
    const [x, y] = toScreen(node);
    const around = node.kind === "thing" ? 15 : Math.max(7, node.r * look.scale + 3);
    disc(x, y, around, null, colors.ink, node === picked ? 2.5 : 1.2);
  }
}

// Names, the widest things first: each on the side of its thing where there is room, and over nothing else.
function drawNames(near) {
  const taken = [...numbered, ...inTheWay()];
  const wanted = graph.things.filter((thing) => visible(thing) && (!near || near.has(thing)));
  wanted.sort((a, b) => (near?.has(b) ?? 0) - (near?.has(a) ?? 0) || b.accounts - a.accounts);
  const accounts = [picked, over].filter((node) => node?.kind === "account");
  for (const node of [...accounts, ...wanted.slice(0, NAMED)]) {
    const words = node.kind === "thing" && node.hub ? `${node.name} (${number.format(node.accounts)})` : node.name;
    pen.font = "12px system-ui, sans-serif";
    const sides = around(...toScreen(node), pen.measureText(words).width + 8);
    const box = sides.find((side) => free(side, taken)) ?? (node === picked || node === over ? sides[0] : null);
    if (!box) continue;
    taken.push(box);
    pen.globalAlpha = 0.7;
    pen.fillStyle = colors.paper;
    pen.fillRect(box[0], box[1], box[2] - box[0], 18);
    pen.globalAlpha = 1;
    label(words, box[0] + 4, box[1] + 9, colors.ink, 12, "left");
  }
}

// Boxes of names: right of a thing, left of it, below, above.
const around = (x, y, wide) => [[x + 16, y - 9], [x - 16 - wide, y - 9], [x - wide / 2, y + 14], [x - wide / 2, y - 32]]
  .map(([left, top]) => [left, top, left + wide, top + 18]);

const free = (box, taken) => box[0] >= 0 && box[2] <= look.width
  && !taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1]);

// What a name must not cover: things, and discs (the square within, so that a name may pass by their edge).
function inTheWay() {
  return [...graph.things, ...graph.groups].filter(visible).map((node) => {
    const [x, y] = toScreen(node);
    const r = node.kind === "thing" ? 8 : Math.max(3, node.r * look.scale * 0.8);
    return [x - r, y - r, x + r, y + r];
  });
}

function disc(x, y, r, fill, stroke, width = 1) {
  pen.beginPath();
  pen.arc(x, y, r, 0, 2 * Math.PI);
  if (fill) { pen.fillStyle = fill; pen.fill(); }
  pen.strokeStyle = stroke;
  pen.lineWidth = width;
  pen.stroke();
}

function label(words, x, y, color, size, align) {
  pen.font = `${Math.round(size)}px system-ui, sans-serif`;
  pen.fillStyle = color;
  pen.textAlign = align;
  pen.fillText(words, x, y);
}

// What is under the pointer: things lie above accounts, accounts above discs.

function nodes() {
  return [...graph.things, ...graph.groups.flatMap((group) => (folded(group) ? [group] : group.accounts))];
}

function under(x, y, reach) {
  let best = null, least = Infinity;
  for (const node of nodes()) {
    const [nx, ny] = toScreen(node);
    const away = Math.hypot(nx - x, ny - y) - (node.kind === "group" ? node.r * look.scale : 0);
    const order = away + (node.kind === "thing" ? -4 : 0);
    if (away <= reach && order < least) [best, least] = [node, order];
  }
  return best;
}

// Walking.

function pick(node, { come = false } = {}) {
  picked = node;
  over = null;
  if (node && come) approach(node);
  if (node) keepInView(node);
  tell();
  redraw();
}

function step(dx, dy) {
  const from = picked ?? { x: (look.width / 2 - look.x) / look.scale, y: (look.height / 2 - look.y) / look.scale };
  let best = null, least = Infinity;
  for (const node of nodes()) {
    const x = node.x - from.x, y = node.y - from.y;
    const ahead = x * dx + y * dy, away = Math.hypot(x, y);
    if (node === picked || ahead < 0.5 * away || !away) continue;
    const cost = (away * away) / ahead;
    if (cost < least) [best, least] = [node, cost];
  }
  if (best) pick(best);
}

const open = (account) => { location.href = `/accounts?${new URLSearchParams({ id: account.account_id })}`; };
const enter = () => { if (picked?.kind === "account") open(picked); else if (picked) pick(picked, { come: true }); };

const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const keys = {
  "+": () => zoom(1.4), "=": () => zoom(1.4), "-": () => zoom(1 / 1.4), "0": whole,
  Enter: enter, Escape: () => pick(null),
};
canvas.addEventListener("keydown", (event) => {
  if (!graph || event.ctrlKey || event.metaKey || event.altKey) return;
  const arrow = arrows[event.key];
  if (arrow && event.shiftKey) move(-80 * arrow[0], -80 * arrow[1]);
  else if (arrow) step(...arrow);
  else if (keys[event.key]) keys[event.key]();
  else return;
  event.preventDefault();
  event.stopPropagation();
});

// Mouse and fingers. One finger up or down scrolls the page (touch-action in graph.css); two move and zoom.

const touching = new Map();
let moved = 0, before = null;
const place = (event) => {
  const box = canvas.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
};

canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  if (!touching.size) before = null;
  touching.set(event.pointerId, place(event));
  moved = touching.size > 1 ? Infinity : 0;
});
canvas.addEventListener("pointermove", (event) => {
  if (!graph) return;
  const now = place(event), then = touching.get(event.pointerId);
  if (!then) {
    const found = under(...now, 6);
    canvas.classList.toggle("on", Boolean(found));
    if (found !== over) { over = found; redraw(); }
    return;
  }
  if (touching.size === 1) {
    moved += Math.hypot(now[0] - then[0], now[1] - then[1]);
    if (moved > 4) move(now[0] - then[0], now[1] - then[1]);
  }
  touching.set(event.pointerId, now);
  if (touching.size === 2) pinch();
});
function pinch() {
  const [a, b] = [...touching.values()];
  const now = { x: (a[0] + b[0]) / 2, y: (a[1] + b[1]) / 2, wide: Math.hypot(a[0] - b[0], a[1] - b[1]) };
  if (before) {
    move(now.x - before.x, now.y - before.y);
    zoom(now.wide / before.wide, now.x, now.y);
  }
  before = now;
}
function lifted(event) {
  const clicked = event.type === "pointerup" && touching.size === 1 && moved <= 4;
  touching.delete(event.pointerId);
  before = null;
  if (!clicked || !graph) return;
  const found = under(...place(event), event.pointerType === "touch" ? 16 : 6);
  if (found && found === picked) enter(); else pick(found);
}
canvas.addEventListener("pointerup", lifted);
canvas.addEventListener("pointercancel", lifted);
canvas.addEventListener("pointerleave", () => { if (over) { over = null; redraw(); } });
canvas.addEventListener("wheel", (event) => {
  if (!graph || (!event.ctrlKey && document.activeElement !== canvas)) return; // else the page scrolls
  event.preventDefault();
  zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), ...place(event));
}, { passive: false });

// What is picked, in words, with its neighbours as buttons: also the way of whoever does not see the picture.

function element(name, content, attributes = {}) {
  const made = document.createElement(name);
  made.append(...[content].flat());
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function neighbour(node, words) {
  const button = element("button", words, { type: "button", class: "plain" });
  button.addEventListener("click", () => {
    pick(node, { come: node.kind === "account" && folded(node.group) });
    panel.querySelector("h2").focus();
  });
  return element("li", button);
}

function list(all, words) {
  const more = all.length > LISTED ? [element("li", `and ${number.format(all.length - LISTED)} more, in the table`, { class: "note" })] : [];
  return element("ul", [...all.slice(0, LISTED).map((node) => neighbour(node, words(node))), ...more]);
}

const thingWords = (thing) => `${thing.name} (${count(thing.accounts, "account")})`;
const surest = (accounts) => [...accounts].sort((a, b) => b.bits - a.bits);

const told = {
  account: (node) => [
    element("h2", element("bdi", node.name), { tabindex: "-1" }),
    element("p", `Belongs by ${node.bits.toFixed(1)} bits; ${count(node.requests, "request")}.`),
    element("p", element("a", "Open the account", { href: `/accounts?${new URLSearchParams({ id: node.account_id })}`, class: "button" })),
    ...shares(node.group.things),
    ...(node.group.accounts.length > 1 ? [
      element("p", `${count(node.group.accounts.length - 1, "other account")} ${node.group.accounts.length === 2 ? "shares" : "share"} exactly the same.`),
      element("ul", neighbour(node.group, "Look at them together")),
    ] : []),
  ],
  group: (node) => [
    element("h2", count(node.accounts.length, "account"), { tabindex: "-1" }),
    element("p", node.things.length ? "They share exactly the same things." : "Nothing that they share with others was told."),
    ...(node.things.length ? shares(node.things) : []),
    element("h3", "Those that belong most surely"),
    list(node.accounts, (account) => `${account.name} (${account.bits.toFixed(1)} bits)`),
  ],
  thing: (node) => [
    element("h2", element("bdi", node.name), { tabindex: "-1" }),
    element("p", `${count(node.accounts, "account")} of this case ${node.accounts === 1 ? "has" : "have"} it. Which one it is, is not told.`),
    element("p", element("a", "List them", { href: `?${new URLSearchParams({ thing: node.number })}#table`, class: "button" })),
    element("h3", "Those that belong most surely"),
    list(surest(node.groups.flatMap((group) => group.accounts)), (account) => `${account.name} (${account.bits.toFixed(1)} bits)`),
  ],
};

function shares(things) {
  return things.length
    ? [element("h3", "Shares"), list(things, thingWords)]
    : [element("p", "Nothing that it shares with others was told.")];
}

const nothing = [...panel.childNodes].map((node) => node.cloneNode(true));
function tell() {
  panel.replaceChildren(...(picked ? told[picked.kind](picked) : nothing));
}

// Beginning.

const actions = { nearer: () => zoom(1.4), farther: () => zoom(1 / 1.4), whole };
figure.querySelectorAll("button[data-do]").forEach((button) => button.addEventListener("click", () => graph && actions[button.dataset.do]()));

function sized() {
  const first = !look.width;
  const box = canvas.getBoundingClientRect(), ratio = devicePixelRatio || 1;
  if (!box.width) return;
  look.width = box.width;
  look.height = box.height;
  canvas.width = Math.round(box.width * ratio);
  canvas.height = Math.round(box.height * ratio);
  if (first) whole(); else redraw();
}

function begin(content) {
  graph = understood(content);
  graph.things.forEach((thing, i) => { thing.number = i + 1; });
  readColors();
  new ResizeObserver(sized).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColors(); redraw(); });
  sized();
  const asked = new URLSearchParams(location.search);
  const wanted = graph.accounts.find((account) => account.account_id === asked.get("account")) ?? graph.things[asked.get("thing") - 1];
  if (wanted) pick(wanted, { come: true });
  figure.dataset.drawn = "yes";
}

fetch(figure.dataset.source, { headers: { accept: "application/json" } })
  .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(`it answers ${answer.status}`))))
  .then(begin)
  .catch((problem) => {
    panel.replaceChildren(element("p", `The picture cannot be drawn: ${problem.message}. The tables below have the same. Loading the page again may help.`));
  });
