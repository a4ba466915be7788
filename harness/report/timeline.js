"use strict";
// The stream of an answer in time: how many characters had come when, piece by piece.

const WIDTH = 760;
const TOP = 26;
const PLOT = 190;
const LANE = 26;
const LEFT = 52;
const RIGHT = 16;
const KIND_NAMES = { text: "text", reasoning: "reasoning", tool_call_chunk: "tool call", "": "nothing to show" };

function timelineView(exchange) {
  const { pieces, timing } = exchange;
  if (!pieces.length) return el("p.empty", {}, "Nothing of an answer came, so there is no stream to show.");
  const timed = timing !== null && timing.last > 0;
  const points = runningTotal(pieces, timed);
  const view = el("div.stream", {}, figures(exchange, points, timed));
  if (!timed) {
    const why = exchange.streamed ? "When the pieces came was not recorded: they are shown in order." : "The answer came as a whole.";
    view.append(el("p.aside", {}, why));
  }
  if (points.length > 1) view.append(plot(points, timing, timed));
  const shown = isCut(exchange) ? `The first ${count(pieces.length, "piece")}` : `All ${count(pieces.length, "piece")}`;
  if (isCut(exchange)) view.append(el("p.aside", {}, `${shown} are shown.`));
  view.append(folded(shown, () => pieceTable(pieces)));
  return view;
}

/** Whether more pieces came than the page has. */
function isCut({ pieces, came = 0 }) {
  return came > pieces.length;
}

/** Each piece with where it stands: its time, or its number, and the characters until then. */
function runningTotal(pieces, timed) {
  let total = 0;
  return pieces.map(([at, kind, text], n) => {
    total += text.length;
    return { n, x: timed ? at ?? 0 : n, at, kind, text, total };
  });
}

function figures(exchange, points, timed) {
  const { usage, timing, pieces, came } = exchange;
  const rate = timing?.tokens_per_second;
  const shown = [
    timed ? ["First token", duration(timing.first)] : null,
    timed ? ["Whole answer", duration(timing.last)] : null,
    timed && pieces.length > 2 ? ["Longest gap", duration(timing.gap)] : null,
    rate ? ["Tokens / second", rate < 100 ? rate.toFixed(1) : Math.round(rate).toLocaleString("en")] : null,
    ["Pieces", (came ?? pieces.length).toLocaleString("en")],
    isCut(exchange) ? null : ["Characters", points.at(-1).total.toLocaleString("en")],
    usage.output_tokens ? ["Tokens", usage.output_tokens.toLocaleString("en")] : null,
  ].filter(Boolean);
  return el("dl.figures", {}, shown.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

function plot(points, timing, timed) {
  const end = points.at(-1).x || 1;
  const most = points.at(-1).total || 1;
  const x = (value) => LEFT + (value / end) * (WIDTH - LEFT - RIGHT);
  const y = (value) => TOP + PLOT - (value / most) * PLOT;
  const readout = el("p.readout", { "aria-live": "polite" }, "Point at the plot, or use the arrow keys on it, to read a piece.");
  const cursor = svg("line.cursor", { y1: TOP, y2: TOP + PLOT + LANE, visibility: "hidden" });
  const told = timed
    ? `${points.length} pieces in ${duration(end)}, the first after ${duration(timing.first)}`
    : `${points.length} pieces in order`;
  const drawing = svg("svg.plot", {
    viewBox: `0 0 ${WIDTH} ${TOP + PLOT + LANE + 30}`, role: "img", tabindex: "0", "aria-label": `Characters over ${timed ? "time" : "pieces"}: ${told}`,
  }, axes(x, y, end, most, timed), curve(points, x, y), timed ? gapMark(points, x) : [], ticks(points, x),
  timed ? firstMark(timing.first, x) : [], cursor);
  readPieces(drawing, points, x, cursor, readout);
  return el("figure", {}, drawing, legend(points), readout);
}

function axes(x, y, end, most, timed) {
  const lines = [0, 0.25, 0.5, 0.75, 1].map((share) => svg("g", {},
    svg("line.grid", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(most * share), y2: y(most * share) }),
    svg("text.tick", { x: LEFT - 8, y: y(most * share) + 4, "text-anchor": "end" }, Math.round(most * share).toLocaleString("en"))));
  const step = niceStep(end / 6);
  const marks = [];
  for (let at = 0; at <= end + step / 1000; at += step) {
    marks.push(svg("text.tick", { x: x(at), y: TOP + PLOT + LANE + 20, "text-anchor": "middle" }, timed ? duration(at) : String(Math.round(at))));
  }
  return [lines, svg("text.tick", { x: LEFT - 8, y: 12, "text-anchor": "end" }, "chars"), marks];
}

function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(Math.max(rough, 1e-9)));
  return [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough) ?? rough;
}

function curve(points, x, y) {
  const path = [`M${x(0)},${y(0)}`];
  for (const point of points) path.push(`H${x(point.x).toFixed(1)}V${y(point.total).toFixed(1)}`);
  const line = path.join("");
  return [svg("path.area", { d: `${line}V${y(0)}H${x(0)}Z` }), svg("path.curve", { d: line })];
}

function ticks(points, x) {
  const byKind = new Map();
  for (const point of points) {
    const at = x(point.x).toFixed(1);
    const marks = byKind.get(point.kind) ?? new Set();
    byKind.set(point.kind, marks.add(`M${at},${TOP + PLOT + 8}v${LANE - 14}`));
  }
  return [...byKind].map(([kind, marks]) => svg(`path.piece.${pieceClass(kind)}`, { d: [...marks].join("") }));
}

function pieceClass(kind) {
  return { text: "is-text", reasoning: "is-reasoning", tool_call_chunk: "is-call" }[kind] ?? "is-other";
}

function firstMark(first, x) {
  const at = x(first);
  const right = at > WIDTH - 200;
  return [
    svg("line.first", { x1: at, x2: at, y1: TOP - 8, y2: TOP + PLOT + LANE - 6 }),
    svg("text.label", { x: at + (right ? -6 : 6), y: TOP - 10, "text-anchor": right ? "end" : "start" }, `first token ${duration(first)}`),
  ];
}

/** The longest time in which nothing came. */
function gapMark(points, x) {
  let widest = null;
  for (let n = 1; n < points.length; n += 1) {
    const gap = points[n].x - points[n - 1].x;
    if (!widest || gap > widest.gap) widest = { gap, from: points[n - 1].x, to: points[n].x };
  }
  if (!widest || x(widest.to) - x(widest.from) < 12) return [];
  const middle = (x(widest.from) + x(widest.to)) / 2;
  return [
    svg("rect.gap", { x: x(widest.from), y: TOP, width: x(widest.to) - x(widest.from), height: PLOT }),
    x(widest.to) - x(widest.from) > 60 ? svg("text.label", { x: middle, y: TOP + 18, "text-anchor": "middle" }, `gap ${duration(widest.gap)}`) : null,
  ];
}

function legend(points) {
  const kinds = new Map(points.map((point) => [pieceClass(point.kind), KIND_NAMES[point.kind] ?? "other"]));
  return el("p.legend", {}, [...kinds].map(([name, label]) => el("span", {}, el(`span.swatch.${name}`, { "aria-hidden": "true" }), label)));
}

/** Tell of the piece under the pointer, or that the arrow keys have come to. */
function readPieces(drawing, points, x, cursor, readout) {
  let current = -1;
  const tell = (n) => {
    current = Math.min(points.length - 1, Math.max(0, n));
    const { at, kind, text, total } = points[current];
    cursor.setAttribute("x1", x(points[current].x));
    cursor.setAttribute("x2", x(points[current].x));
    cursor.setAttribute("visibility", "visible");
    const when = at === null ? "" : ` at ${duration(at)}`;
    const what = text ? JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text) : "no text";
    readout.textContent = `Piece ${current + 1}${when}: ${KIND_NAMES[kind] ?? kind}, ${what}; ${count(total, "character")} until here`;
  };
  drawing.addEventListener("pointermove", (event) => {
    const box = drawing.getBoundingClientRect();
    tell(nearestPoint(points, x, ((event.clientX - box.left) / box.width) * WIDTH));
  });
  drawing.addEventListener("keydown", (event) => {
    const steps = { ArrowRight: current + 1, ArrowLeft: current - 1, Home: 0, End: points.length - 1 };
    if (!(event.key in steps)) return;
    event.preventDefault();
    event.stopPropagation();
    tell(steps[event.key]);
  });
}

function nearestPoint(points, x, at) {
  let [low, high] = [0, points.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x(points[middle].x) < at) low = middle + 1;
    else high = middle;
  }
  return low > 0 && at - x(points[low - 1].x) < x(points[low].x) - at ? low - 1 : low;
}

const TABLED = 1000;

function pieceTable(pieces) {
  const rows = pieces.slice(0, TABLED).map(([at, kind, text], n) => el("tr", {},
    el("td.number", {}, String(n + 1)),
    el("td.number", {}, at === null ? "" : duration(at)),
    el("td", {}, KIND_NAMES[kind] ?? kind),
    el("td.mono", { dir: "auto" }, text.length > 300 ? `${text.slice(0, 300)}…` : text)));
  const more = pieces.length > TABLED ? el("p.aside", {}, `and ${pieces.length - TABLED} more`) : "";
  return el("div.table", { tabindex: "0", role: "group", "aria-label": "Pieces" }, el("table", {},
    el("thead", {}, el("tr", {}, ["Piece", "Time", "Kind", "Text"].map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, rows)), more);
}
