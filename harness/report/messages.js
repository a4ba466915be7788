"use strict";
// The conversation as bubbles: who said what, which tools were called, what they gave.

const LONG = 3000;
const ROLES = { system: "System", human: "User", ai: "Assistant", tool: "Tool", chat: "Other" };
const RASTER = /^image\/(png|jpe?g|gif|webp)$/;

/** The messages of an exchange that are new, and its answer. */
function exchangeBubbles(exchange, names) {
  const messages = exchange.request?.messages ?? [];
  const fresh = messages.slice(messages.length - exchange.new);
  for (const message of messages) noteCalls(message, names);
  const bubbles = fresh.map((message) => messageBubble(message, names));
  if (exchange.answer) {
    noteCalls(exchange.answer, names);
    bubbles.push(messageBubble(exchange.answer, names, exchange));
  }
  if (exchange.fault) bubbles.push(faultBubble(exchange.fault));
  if (exchange.problem) bubbles.push(el("div.problem", { dir: "auto" }, exchange.problem));
  return bubbles;
}

function noteCalls(message, names) {
  for (const call of message.tool_calls ?? []) if (call.id) names.set(call.id, call.name);
}

function messageBubble(message, names, exchange = null) {
  const role = ROLES[message.type] ? message.type : "chat";
  const tool = role === "tool" ? message.name ?? names.get(message.tool_call_id) : null;
  const who = el("div.who", {}, ROLES[role] ?? message.type, tool ? el("code", {}, tool) : null,
    message.status === "error" ? mark("error", "bad") : null);
  const body = role === "tool" ? [toolResult(message)] : contentOf(message);
  const bubble = el(`article.bubble.${role}`, { "aria-label": `${ROLES[role]}${tool ? `, ${tool}` : ""}` }, who, body);
  if (message.tool_calls?.length) bubble.append(...message.tool_calls.map(callCard));
  for (const call of message.invalid_tool_calls ?? []) bubble.append(invalidCard(call));
  if (exchange) bubble.append(...footOf(exchange));
  return bubble;
}

/** The blocks of a message; what is no text is shown as what it is. */
function contentOf(message) {
  const { content } = message;
  if (typeof content === "string") return content ? [paragraph(content)] : [];
  return content.map((block) => (typeof block === "string" ? paragraph(block) : blockOf(block))).filter(Boolean);
}

const BLOCKS = {
  text: (block) => (block.text ? paragraph(block.text) : null),
  "text-plain": (block) => paragraph(block.text ?? ""),
  refusal: (block) => el("div.refusal", {}, el("span.who", {}, "Refusal"), paragraph(block.refusal ?? "")),
  reasoning: reasoning,
  image: media,
  tool_call: () => null, // shown as a card
  invalid_tool_call: () => null,
};

function blockOf(block) {
  const show = BLOCKS[block.type];
  return show ? show(block) : folded(block.type ?? "block", () => codeBlock(jsonCode(pretty(block)), block.type ?? "block"));
}

function reasoning(block) {
  const text = block.reasoning ?? "";
  if (!text) return el("p.aside", {}, "Reasoning that the provider does not show");
  const made = folded(`Reasoning, ${count(text.length, "character")}`, () => paragraph(text));
  made.classList.add("reasoning");
  return made;
}

function media(block) {
  const kind = block.mime_type ?? "";
  const inline = /^data:(image\/[a-z+]+);base64,/.exec(block.url ?? "");
  const type = inline ? inline[1] : kind;
  const source = inline ? block.url : block.base64 ? `data:${kind};base64,${block.base64}` : "";
  if (source && RASTER.test(type) && !source.includes("\n[cut here:")) {
    return el("img", { src: source, alt: `${type}, as it was sent`, loading: "lazy" });
  }
  return el("p.aside", { dir: "auto" }, `${type || "Image"}: ${block.url && !inline ? block.url : block.file_id ?? "not shown"}`);
}

/** Text as it was said; a long one can be opened. */
function paragraph(text) {
  const body = el("div.text", { dir: "auto" }, text);
  if (text.length <= LONG && text.split("\n", 41).length <= 40) return body;
  body.classList.add("long");
  const more = button(`Show all ${count(text.length, "character")}`, () => {
    const isOpen = body.classList.toggle("open");
    more.textContent = isOpen ? "Show less" : `Show all ${count(text.length, "character")}`;
    more.setAttribute("aria-expanded", String(isOpen));
  }, { class: "small", "aria-expanded": "false" });
  return el("div", {}, body, more);
}

function callCard(call) {
  const text = pretty(call.args);
  return el("div.call", {},
    el("div.call-head", {}, el("span.call-kind", {}, "call"), el("code.call-name", {}, call.name),
      call.id ? el("span.call-id", {}, call.id) : null, copyButton("Copy", text, { "aria-label": `Copy the arguments of ${call.name}` })),
    codeBlock(jsonCode(text), `Arguments of ${call.name}`));
}

function invalidCard(call) {
  return el("div.call.broken", {},
    el("div.call-head", {}, el("span.call-kind", {}, "invalid call"), el("code.call-name", {}, call.name ?? "")),
    el("p.aside", { dir: "auto" }, call.error ?? "Its arguments are no JSON object."),
    codeBlock(call.args ?? "", "Arguments as they came"));
}

function toolResult(message) {
  if (typeof message.content !== "string") return el("div", {}, contentOf(message));
  const text = prettyText(message.content);
  if (text === message.content || !/^[{[]/.test(text)) return paragraph(message.content);
  return codeBlock(jsonCode(text), "Result");
}

function faultBubble(fault) {
  const more = [fault.status ? `HTTP ${fault.status}` : "", fault.retry_after ? `retry after ${fault.retry_after} s` : ""];
  return el("article.bubble.fault", { "aria-label": "Fault" },
    el("div.who", {}, "Fault", el("code", {}, fault.kind)),
    el("div.text", { dir: "auto" }, fault.message),
    el("p.aside", {}, more.filter(Boolean).join(", ")));
}

/** What an answer took, below it. */
function footOf({ usage, timing, answer }) {
  const reason = answer?.response_metadata?.finish_reason;
  const cached = usage.input_token_details?.cache_read;
  const thought = usage.output_token_details?.reasoning;
  const facts = [
    usage.input_tokens !== undefined ? `${usage.input_tokens.toLocaleString("en")} tokens in${cached ? ` (${cached.toLocaleString("en")} cached)` : ""}` : "",
    usage.output_tokens !== undefined ? `${usage.output_tokens.toLocaleString("en")} out${thought ? ` (${thought.toLocaleString("en")} reasoning)` : ""}` : "",
    timing && timing.last > 0 ? `${duration(timing.last)}, first after ${duration(timing.first)}` : "",
    reason && reason !== "stop" && reason !== "tool_calls" ? `ended: ${reason}` : "",
  ].filter(Boolean);
  return facts.length ? [el("p.foot", {}, facts.join(" · "))] : [];
}
