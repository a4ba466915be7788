"use strict";
// What is beside the list: one conversation, its stream, its raw text, its differences.

const TABS = [
  { name: "talk", label: "Conversation", fits: (row) => row.kind !== "http" },
  { name: "stream", label: "Stream", fits: (row) => row.kind !== "http" },
  { name: "request", label: "Request" },
  { name: "response", label: "Response" },
  { name: "compare", label: "Compare" },
];

class Detail {
  constructor(box, moved) {
    this.box = box;
    this.moved = moved; // told when a tab or a call was chosen: the address changes
    this.row = null;
    this.tab = "talk";
    this.number = null;
    this.mark = null;
    this.other = null;
    this.turn = 0;
  }

  /** Show a row: its tab, and one of its calls. */
  async open(row, { number = null, tab = null, other = null } = {}) {
    const turn = (this.turn += 1);
    const found = await details(row);
    if (turn !== this.turn) return; // something else was opened meanwhile
    Object.assign(this, { row, other, found, exchanges: found.parts.flatMap((part) => part.exchanges) });
    this.tabs = this.exchanges.length ? TABS.filter((one) => !one.fits || one.fits(row)) : [];
    this.tab = this.tabs.find((one) => one.name === tab)?.name ?? this.tabs[0]?.name ?? "talk";
    this.number = row.numbers.includes(number) ? number : row.numbers[0] ?? null;
    await this.draw(turn);
    this.box.scrollTop = 0;
    if (this.tab === "talk" && number !== null && number !== row.numbers[0]) $(`call-${number}`)?.scrollIntoView({ block: "start" });
  }

  get exchange() {
    return this.exchanges.find((one) => one.number === this.number);
  }

  async draw(turn = (this.turn += 1)) {
    const panel = el("div.panel", { id: "panel" });
    if (this.tabs.length) Object.entries({ role: "tabpanel", tabindex: "0", "aria-labelledby": `tab-${this.tab}` }).forEach(([key, value]) => panel.setAttribute(key, value));
    panel.append(...[await this.view()].flat());
    if (turn !== this.turn) return;
    this.box.replaceChildren(this.head(), this.bar(), panel);
  }

  head() {
    const { row } = this;
    const facts = [
      ["Model", row.models.join(", ")], ["Host", row.hosts.join(", ")], ["Format", row.dialects.join(", ")],
      ["Tokens", row.input || row.output ? `${row.input.toLocaleString("en")} in, ${row.output.toLocaleString("en")} out` : ""],
      ["Time", row.ms ? duration(row.ms) : ""], ["Recorded", row.date.slice(0, 10)],
    ].filter(([, value]) => value);
    return el("header.head", {},
      el("button.back.quiet", { type: "button", id: "back", onclick: () => this.moved({ back: true }) }, "‹ List"),
      el("p.path", { dir: "ltr" }, el("span", {}, row.id), copyButton("Copy link", () => location.href, { id: "copy-link", class: "link" })),
      el("h2", { id: "heading", tabindex: "-1", dir: "auto" }, row.title || row.path),
      facts.length ? el("dl.facts", {}, facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))) : "",
      row.cut ? el("p.aside", {}, "Some of it is very long, and was cut for this page.") : "");
  }

  bar() {
    if (!this.tabs.length) return "";
    const tabs = el("div.tabs", { role: "tablist", "aria-label": "What to look at", onkeydown: (event) => this.pressedTab(event) },
      this.tabs.map(({ name, label }) => button(label, () => this.choose({ tab: name }), {
        role: "tab", id: `tab-${name}`, "aria-selected": String(name === this.tab), "aria-controls": "panel", tabindex: name === this.tab ? "0" : "-1",
      })));
    return el("div.bar", {}, tabs, this.tab === "talk" ? "" : this.stepper());
  }

  /** Which call of the conversation is shown, where only one is. */
  stepper() {
    const { numbers } = this.row;
    if (numbers.length < 2) return "";
    const at = numbers.indexOf(this.number);
    const go = (by) => this.choose({ number: numbers[at + by] });
    return el("div.stepper", { role: "group", "aria-label": "Call" },
      button("‹", () => go(-1), { id: "step-back", "aria-label": "Previous call", disabled: at === 0, class: "small" }),
      el("span", {}, `call ${at + 1} of ${numbers.length}`),
      button("›", () => go(1), { id: "step-on", "aria-label": "Next call", disabled: at === numbers.length - 1, class: "small" }));
  }

  async choose({ tab = this.tab, number = this.number, other = this.other }) {
    if (!this.row || !this.tabs.some((one) => one.name === tab)) return;
    const focused = this.box.contains(document.activeElement) ? document.activeElement : null;
    Object.assign(this, { tab, number, other });
    await this.draw();
    if (focused) this.focusAgain(focused.id);
    this.moved({});
  }

  /** Give the focus to what had it; to the tab that is shown if that is gone, or off. */
  focusAgain(id) {
    if (id && !id.startsWith("tab-")) $(id)?.focus();
    if (!this.box.contains(document.activeElement)) $(`tab-${this.tab}`).focus();
  }

  stepCall(by) {
    const { numbers } = this.row ?? { numbers: [] };
    const next = numbers[numbers.indexOf(this.number) + by];
    if (next === undefined) return;
    if (this.tab !== "talk") this.choose({ number: next });
    else {
      this.number = next;
      $(`call-${next}`)?.scrollIntoView({ block: "start" });
      this.moved({});
    }
  }

  pressedTab(event) {
    const names = this.tabs.map((one) => one.name);
    const at = names.indexOf(this.tab);
    const steps = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: names.length - 1 };
    if (!(event.key in steps)) return;
    event.preventDefault();
    event.stopPropagation();
    this.choose({ tab: names[(steps[event.key] + names.length) % names.length] });
  }

  markHere() {
    if (!this.row || this.number === null) return;
    this.mark = placeOf(this.row, this.number);
    announce(`Marked ${this.mark}. Open another call, and compare.`);
    if ($("mark")) $("mark").textContent = "Marked";
  }

  compareWith(other) {
    this.choose({ tab: "compare", other });
  }

  async view() {
    if (!this.exchanges.length && !this.found.misses.length) {
      return [this.found.problem ? problemBlock(this.found.problem) : el("p.empty", {}, "It asked no model.")];
    }
    switch (this.tab) {
      case "stream": return timelineView(this.exchange);
      case "request": return [rawView(this.exchange, "request"), requestFacts(this.exchange)].filter(Boolean);
      case "response": return rawView(this.exchange, "response");
      case "compare": return compareView(this.row, this.exchange, this);
      default: return this.talk();
    }
  }

  talk() {
    const { problem, misses, parts } = this.found;
    const shown = misses.map(missBlock);
    if (problem) shown.push(misses.length ? folded("How the test failed", () => problemBlock(problem)) : problemBlock(problem));
    const known = { names: new Map(), tools: "" };
    const many = this.exchanges.length > 1;
    for (const part of parts) {
      if (part.label) shown.push(el("h3.part", {}, part.label));
      if (!part.exchanges.length) shown.push(el("p.aside", {}, "It answered nothing."));
      part.exchanges.forEach((one) => shown.push(callSection(one, known, many, (to) => this.choose({ tab: to, number: one.number }))));
    }
    return shown;
  }
}

function problemBlock(text) {
  return el("div.problem.block", { dir: "auto", tabindex: "0", role: "group", "aria-label": "What went wrong" }, text);
}

/** A request without an answer, beside the nearest recording. */
function missBlock({ told, asked, nearest }) {
  return el("section.miss", {},
    el("h3", {}, missTitle(nearest)),
    el("div.told", { dir: "auto" }, told),
    nearest?.request ? comparison(onlyAsked(nearest), onlyAsked(asked), [nearest.place, "what was asked"]) : askedAndTurn(asked, nearest));
}

function missTitle(nearest) {
  if (!nearest) return "This request had no answer";
  return `This request failed; beside it the ${nearest.request ? "nearest recording" : "turn that was to answer"}`;
}

/** An exchange without its answer, which a request that had none is not to be compared with. */
function onlyAsked({ request, raw, method, url, streamed }) {
  return { request, streamed, raw: raw && { request_body: raw.request_body }, method, url };
}

/** A request beside the turn of the script that it does not fit. */
function askedAndTurn(asked, turn) {
  const column = (title, one) => el("div", {}, el("h4", {}, title), exchangeBubbles(one, new Map()));
  return el("div.columns", {}, column("What was asked", { ...asked, problem: "" }),
    turn ? column([turn.place, turn.about].filter(Boolean).join(", "), turn) : "");
}

/** One call: a line that tells of it, and its messages. */
function callSection(exchange, known, many, go) {
  const { number, model, status, about, request, pieces } = exchange;
  const facts = [
    exchange.dialect === "script" ? `turn ${number}` : `call ${number}`, model,
    status && status !== 599 ? String(status) : status ? "no answer" : "", about,
    exchange.ended && exchange.ended !== "complete" ? exchange.ended : "",
    request?.tool_choice ? `tool choice: ${request.tool_choice}` : "",
  ].filter(Boolean);
  const tools = newTools(request, known);
  const line = el("div.call-line", {}, el("span", {}, facts.join(" · ")),
    el("span.call-links", {},
      pieces.length > 1 ? button("Stream", () => go("stream"), { class: "link", "aria-label": `Stream of call ${number}` }) : "",
      exchange.raw ? button("Raw", () => go("request"), { class: "link", "aria-label": `Raw text of call ${number}` }) : ""));
  return el("section.exchange", { id: `call-${number}`, "aria-label": `Call ${number}` }, many || facts.length > 1 ? line : "",
    tools.length ? folded(`${count(tools.length, "tool")} bound: ${tools.map((one) => one.name).join(", ")}`, () => tools.map(toolCard)) : "",
    exchangeBubbles(exchange, known.names));
}

/** The tools that are bound, unless they were before. */
function newTools(request, known) {
  const tools = request?.tools ?? [];
  const before = known.tools;
  known.tools = JSON.stringify(tools);
  return known.tools === before ? [] : tools;
}

function toolCard(tool) {
  return el("div.call", {}, el("div.call-head", {}, el("code.call-name", {}, tool.name)),
    tool.description ? el("p.aside", { dir: "auto" }, tool.description) : "",
    tool.parameters ? codeBlock(jsonCode(pretty(tool.parameters)), `Parameters of ${tool.name}`) : "");
}

/** A request that did not go over HTTP, as we read it. */
function requestFacts({ raw, request }) {
  if (raw || !request) return null;
  return codeBlock(jsonCode(pretty(request)), "Request");
}
