"use strict";
// The list at the side: only the lines that can be seen are made.

const LINE = 76;
const SPARE = 6;

class List {
  constructor(box, open) {
    this.box = box;
    this.open = open;
    this.rows = [];
    this.current = null;
    this.content = el("div.lines", { role: "presentation" });
    box.append(this.content);
    this.made = new Map();
    box.addEventListener("scroll", () => this.draw(), { passive: true });
    box.addEventListener("keydown", (event) => this.pressed(event));
    new ResizeObserver(() => this.draw()).observe(box);
  }

  show(rows) {
    this.rows = rows;
    this.made.forEach((line) => line.remove());
    this.made.clear();
    this.content.style.height = `${rows.length * LINE}px`;
    this.box.scrollTop = 0;
    if (this.at() >= 0) this.reveal(this.at());
    this.draw();
  }

  at() {
    return this.rows.indexOf(this.current);
  }

  draw() {
    const first = Math.max(0, Math.floor(this.box.scrollTop / LINE) - SPARE);
    const last = Math.min(this.rows.length, Math.ceil((this.box.scrollTop + this.box.clientHeight) / LINE) + SPARE);
    for (const [n, line] of this.made) {
      if (n < first || n >= last) {
        line.remove();
        this.made.delete(n);
      }
    }
    for (let n = first; n < last; n += 1) {
      if (this.made.has(n)) continue;
      const line = this.line(this.rows[n], n);
      this.made.set(n, line);
      this.content.append(line);
    }
    const active = this.made.get(this.at());
    if (active) this.box.setAttribute("aria-activedescendant", active.id);
    else this.box.removeAttribute("aria-activedescendant");
  }

  line(row, n) {
    const line = el("div.line", {
      id: `line-${row.at}`,
      role: "option",
      "aria-selected": String(row === this.current),
      "aria-setsize": this.rows.length,
      "aria-posinset": n + 1,
      onclick: () => { this.choose(row); this.open(row, { focus: true }); },
    }, lineOf(row));
    line.style.top = `${n * LINE}px`;
    return line;
  }

  /** Make a row the current one; it is scrolled to. */
  choose(row) {
    this.current = row;
    for (const line of this.made.values()) line.setAttribute("aria-selected", "false");
    const n = this.at();
    if (n < 0) return this.draw();
    this.reveal(n);
    this.draw();
    this.made.get(n)?.setAttribute("aria-selected", "true");
  }

  reveal(n) {
    const top = n * LINE;
    const height = this.box.clientHeight;
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    else if (top + LINE > this.box.scrollTop + height) this.box.scrollTop = top + LINE - height;
  }

  step(by) {
    if (!this.rows.length) return;
    const at = this.at();
    const n = at < 0 ? 0 : Math.min(this.rows.length - 1, Math.max(0, at + by));
    this.choose(this.rows[n]);
    this.open(this.rows[n], { focus: false });
  }

  /** Go to the current row; to the first one if the list has it no more. */
  enter() {
    if (this.at() < 0) this.choose(this.rows[0]);
    this.open(this.current, { focus: true });
  }

  pressed(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(this.box.clientHeight / LINE) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -this.rows.length, End: this.rows.length };
    if (event.key in steps) this.step(steps[event.key]);
    else if (event.key === "Enter" && this.rows.length) this.enter();
    else return;
    event.preventDefault();
  }
}

function lineOf(row) {
  const marks = [];
  if (row.outcome) marks.push(mark(row.outcome, row.outcome === "passed" ? "good" : row.outcome === "skipped" ? "" : "bad"));
  if (row.kind === "problem") marks.push(mark("unreadable", "bad"));
  for (const one of row.statuses) if (!/^2/.test(one)) marks.push(mark(one, "bad"));
  if (row.kind !== "problem" && row.wrong && row.outcome !== "failed") marks.push(mark("problem", "bad"));
  if (row.differs) marks.push(mark(row.differs, "warn"));
  if (row.tools.length) marks.push(mark(row.tools.length === 1 ? row.tools[0] : `${row.tools.length} tools`, "tool"));
  if (row.streamed) marks.push(mark("streamed"));
  return [
    el("div.line-title", { dir: "auto" }, row.title || row.path),
    el("div.line-about", { dir: "auto" }, row.about || "no answer"),
    el("div.line-marks", {},
      el("span.line-model", {}, row.models[0] ?? KINDS[row.kind]),
      row.numbers.length > 1 ? el("span", {}, `${row.numbers.length} calls`) : null,
      ...marks),
  ];
}

function mark(text, kind = "") {
  return el(`span.mark${kind && `.${kind}`}`, {}, text);
}
