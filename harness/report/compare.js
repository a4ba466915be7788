"use strict";
// Two exchanges beside each other, as a view.

const NEAR = 3;

/** A comparison of two exchanges; names are what each side is called. */
function comparison(left, right, [leftName, rightName]) {
  const found = differencesOf(meaningOf(left), meaningOf(right));
  const verdict = found.length
    ? count(found.length, "difference") + " in meaning"
    : "The same in meaning: what was asked, and what was answered";
  return el("div.comparison", {},
    el("p.verdict", { class: found.length ? "verdict differs" : "verdict same" }, verdict),
    el("h3", {}, "By meaning"),
    found.length ? meaningTable(found, leftName, rightName) : el("p.aside", {}, "Ids, times and counts of the provider are left out here."),
    el("h3", {}, "By text"),
    textDifference("Request", requestText(left), requestText(right), leftName, rightName),
    textDifference("Answer", answerText(left), answerText(right), leftName, rightName));
}

function meaningTable(found, leftName, rightName) {
  const rows = found.slice(0, 200).map(({ path, left, right }) => {
    const texts = [left, right].map((one) => (one === undefined ? null : typeof one === "string" ? one : pretty(one)));
    const [before, after] = texts.includes(null) ? texts.map((one) => (one === null ? "" : [one])) : marked(...texts);
    const cell = (text, parts, name, kind) => (text === null
      ? el("td.nothing", { "data-side": name }, "not there")
      : el("td.mono", { dir: "auto", "data-side": name }, texts.includes(null) ? el(kind, {}, parts) : parts));
    return el("tr", {}, el("th.mono", { scope: "row" }, path || "all"),
      cell(texts[0], before, leftName, "del"), cell(texts[1], after, rightName, "ins"));
  });
  return el("div.table.wide", { tabindex: "0", role: "group", "aria-label": "Differences in meaning" }, el("table.meaning", {},
    el("thead", {}, el("tr", {}, ["Where", leftName, rightName].map((one) => el("th", { scope: "col" }, one)))),
    el("tbody", {}, rows)),
  found.length > 200 ? el("p.aside", {}, `and ${found.length - 200} more`) : "");
}

function requestText({ raw, request }) {
  const body = raw?.request_body;
  if (typeof body === "string" && body) return prettyText(body);
  return request ? pretty(request) : "";
}

function answerText({ answer, fault, raw }) {
  if (answer || fault) return pretty(answer ?? fault);
  return typeof raw?.response_body === "string" ? prettyText(raw.response_body) : "";
}

function textDifference(title, left, right, leftName, rightName) {
  if (left === right) {
    return el("p.same-text", {}, el("strong", {}, title), left ? ": the same, letter by letter" : ": nothing on either side");
  }
  const rows = sideBySide(left, right);
  const changed = rows.filter((row) => row.kind !== "same").length;
  return el("section.text-difference", {},
    el("h4", {}, title, el("span.aside", {}, ` ${count(changed, "line")} changed`)),
    el("div.sides", { tabindex: "0", role: "group", "aria-label": `${title}, line by line` },
      el("div.side-name", {}, leftName), el("div.side-name", {}, rightName), sideRows(rows)));
}

/** Rows, with those that are far from any change folded. */
function sideRows(rows) {
  const near = new Array(rows.length).fill(false);
  rows.forEach((row, n) => {
    if (row.kind !== "same") near.fill(true, Math.max(0, n - NEAR), n + NEAR + 1);
  });
  const made = [];
  for (let n = 0; n < rows.length; n += 1) {
    if (near[n]) {
      made.push(...sideRow(rows[n]));
      continue;
    }
    let end = n;
    while (end < rows.length && !near[end]) end += 1;
    made.push(skippedRows(rows.slice(n, end)));
    n = end - 1;
  }
  return made;
}

function skippedRows(rows) {
  const made = button(`${count(rows.length, "equal line")}`, () => made.replaceWith(...rows.flatMap(sideRow)), { class: "skipped" });
  return made;
}

function sideRow({ kind, left, right }) {
  const [before, after] = kind === "changed" ? marked(left, right) : [[left ?? ""], [right ?? ""]];
  const cell = (parts, side, is) => el(`div.side-line.${is}`, { "data-side": side }, parts);
  return [
    cell(before, "left", kind === "same" ? "same" : kind === "added" ? "none" : "removed"),
    cell(after, "right", kind === "same" ? "same.again" : kind === "removed" ? "none" : "added"),
  ];
}

// ------------------------------------------------------------------- choosing

/** What an exchange can be compared with: places, by what they are called. */
function candidates(row, number, markedPlace) {
  const own = placeOf(row, number);
  const found = new Map();
  if (row.against?.[number]) found.set(row.against[number], `the other run: ${row.against[number]}`);
  if (markedPlace && markedPlace !== own) found.set(markedPlace, `marked: ${markedPlace}`);
  for (const one of row.numbers) {
    const place = placeOf(row, one);
    if (place !== own && !found.has(place)) found.set(place, `call ${one} of this conversation`);
  }
  return found;
}

async function compareView(row, exchange, state) {
  const found = candidates(row, exchange.number, state.mark);
  if (state.other && !found.has(state.other) && state.other !== placeOf(row, exchange.number)) found.set(state.other, state.other);
  const place = found.has(state.other) ? state.other : found.keys().next().value;
  const bar = el("div.compare-bar", {},
    button("Mark this call", () => state.markHere(), { class: "small", id: "mark" }),
    found.size ? el("label", {}, "Compare with ", el("select", { id: "other", onchange: (event) => state.compareWith(event.target.value) },
      [...found].map(([value, label]) => el("option", { value, selected: value === place }, label)))) : "");
  if (!place) {
    return el("div", {}, bar, el("p.empty", {},
      "There is nothing to compare with yet. Mark this call, open another one and come back here; or make the page with --against, to see two runs side by side."));
  }
  const other = await exchangeAt(place);
  if (!other) return el("div", {}, bar, el("p.empty", {}, `There is no ${place} on this page.`));
  return el("div", {}, bar, comparison(other, exchange, [place, placeOf(row, exchange.number)]));
}
