"use strict";
// Elements, and how values are told. All text is set as text, never as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** An element of a kind such as "p.note.wide", with attributes and children. */
function el(kind, attributes = {}, ...children) {
  const [name, ...classes] = kind.split(".");
  return filled(document.createElement(name), classes, attributes, children);
}

/** The same for a drawing. */
function svg(kind, attributes = {}, ...children) {
  const [name, ...classes] = kind.split(".");
  return filled(document.createElementNS(SVG, name), classes, attributes, children);
}

function filled(element, classes, attributes, children) {
  if (classes.length) element.classList.add(...classes);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.flat(2).filter((one) => one !== null && one !== undefined && one !== ""));
  return element;
}

function $(id) {
  return document.getElementById(id);
}

function button(label, act, attributes = {}) {
  return el("button", { type: "button", onclick: act, ...attributes }, label);
}

/** Tell those who listen to the page. */
function announce(text) {
  $("said").textContent = text;
}

function copyButton(label, text, attributes = {}) {
  const made = button(label, async () => {
    const done = await copied(typeof text === "function" ? text() : text);
    made.textContent = done ? "Copied" : "Not copied";
    announce(made.textContent);
    setTimeout(() => { made.textContent = label; }, 1500);
  }, { class: "small", ...attributes });
  return made;
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedFromField(text); // a page from a file may have no clipboard
  }
}

function copiedFromField(text) {
  const field = el("textarea", { class: "unseen", "aria-hidden": "true" });
  field.value = text;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}

function count(number, one, many = `${one}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s` : `${(ms / 60_000).toFixed(1)} min`;
}

function pretty(value) {
  return JSON.stringify(value, null, 2);
}

/** Text that is JSON, laid out; other text as it is. */
function prettyText(text) {
  try {
    return pretty(JSON.parse(text));
  } catch {
    return text;
  }
}

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|-?\b\d[\d.eE+-]*\b/g;
const COLORED = 60_000;

/** Laid out JSON as a block of code, colored unless it is very long. */
function jsonCode(text) {
  const code = el("code");
  if (text.length > COLORED) {
    code.textContent = text;
    return code;
  }
  let end = 0;
  for (const found of text.matchAll(TOKEN)) {
    code.append(text.slice(end, found.index));
    const [whole, string, colon, word] = found;
    const kind = string ? (colon ? "name" : "string") : word ? "word" : "number";
    code.append(el(`span.j-${kind}`, {}, string ?? whole), colon ?? "");
    end = found.index + whole.length;
  }
  code.append(text.slice(end));
  return code;
}

/** A block of code that can be scrolled from the keyboard too. */
function codeBlock(content, label) {
  const isText = typeof content === "string";
  const attributes = { tabindex: "0", role: "group", "aria-label": label, dir: "ltr" };
  return el("pre.code", attributes, isText ? el("code", {}, content) : content);
}

/** What is folded away, with a line that tells of it. */
function folded(summary, content, open = false) {
  const made = el("details", { open }, el("summary", {}, summary));
  const fill = () => {
    if (made.open && made.childElementCount === 1) made.append(content());
  };
  made.addEventListener("toggle", fill);
  fill();
  return made;
}
