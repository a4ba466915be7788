"use strict";
// What went over the wire: headers, and bodies laid out.

function rawView(exchange, side) {
  const { raw } = exchange;
  if (!raw) return el("p.empty", {}, "This was not recorded over HTTP: there is no raw text.");
  const headers = raw[`${side}_headers`];
  const body = raw[`${side}_body`];
  const line = side === "request"
    ? `${exchange.method} ${exchange.url}`
    : `${exchange.status === 599 ? "no answer" : `HTTP ${exchange.status}`}${exchange.ended === "complete" ? "" : `, ${exchange.ended}`}`;
  return el("div.raw", {},
    el("p.first-line", { dir: "ltr" }, el("code", {}, line)),
    el("h3", {}, "Headers"),
    headers.length ? headerTable(headers) : el("p.aside", {}, "None were recorded."),
    bodyOf(body, side));
}

function headerTable(headers) {
  return el("div.table", { tabindex: "0", role: "group", "aria-label": "Headers" }, el("table.headers", {}, el("tbody", {},
    headers.map(([name, value]) => el("tr", {}, el("th", { scope: "row" }, name), el("td.mono", {}, value))))));
}

function bodyOf(body, side) {
  const head = (title, ...more) => el("div.body-head", {}, el("h3", {}, title), more);
  if (body && typeof body === "object") {
    const what = body.problem ?? "These are bytes, shown as base64.";
    return el("div", {}, head("Body"), el("p.aside", { dir: "auto" }, what), body.base64 ? codeBlock(body.base64, "Body") : "");
  }
  if (!body) return el("div", {}, head("Body"), el("p.aside", {}, "It is empty."));
  const laidOut = prettyText(body);
  const shown = el("div", {}, laidOut !== body || /^\s*[{[]/.test(body) ? codeBlock(jsonCode(laidOut), "Body") : eventsOf(body));
  const asSent = button("As sent", () => {
    const on = asSent.getAttribute("aria-pressed") !== "true";
    asSent.setAttribute("aria-pressed", String(on));
    shown.replaceChildren(on ? codeBlock(body, "Body, as sent") : codeBlock(jsonCode(laidOut), "Body"));
  }, { class: "switch", "aria-pressed": "false" });
  return el("div", {},
    head(`Body, ${count(body.length, "character")}`, laidOut === body ? "" : asSent, copyButton("Copy", body, { "aria-label": `Copy the body of the ${side}` })),
    shown);
}

const EVENTS = 2000;

/** The text of a stream: what an event is, dim; what it holds, in color. */
function eventsOf(body) {
  if (!/^(?:data|event|id|retry|):/m.test(body.slice(0, 2000))) return codeBlock(body, "Body");
  const code = el("code");
  const lines = body.split("\n");
  for (const line of lines.slice(0, EVENTS)) {
    const [, field, rest] = /^((?:data|event|id|retry)?: ?)(.*)$/s.exec(line) ?? [null, "", line];
    code.append(field ? el("span.j-name", {}, field) : "", rest, "\n");
  }
  if (lines.length > EVENTS) code.append(lines.slice(EVENTS).join("\n"));
  return codeBlock(code, "Body");
}
