"use strict";
// Differences of two exchanges: by meaning (values, without ids and times), and by text.

/** What differs from one run to the next without meaning anything. */
const NO_MEANING = new Set(["id", "tool_call_id", "created", "system_fingerprint", "service_tier", "token_usage",
  "request_id", "extras", "additional_kwargs", "model_provider"]);

/** What an exchange means. */
function meaningOf({ request, answer, fault, problem, status, streamed, raw }) {
  if (!request && !answer && !fault) return { status, problem, request: raw?.request_body, answer: raw?.response_body };
  return withoutNoise({ request, streamed, answer, fault, problem });
}

function withoutNoise(value) {
  if (Array.isArray(value)) return value.map(withoutNoise);
  if (value === null || typeof value !== "object") return value;
  const kept = Object.entries(value).filter(([key, one]) => !NO_MEANING.has(key) && !isNothing(one));
  return Object.fromEntries(kept.map(([key, one]) => [key, key === "args" || key === "parameters" ? one : withoutNoise(one)]));
}

function isNothing(value) {
  if (value === null || value === undefined || value === "" || value === false) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

/** Where two values differ: {path, left, right}; undefined is for what is not there. */
function differencesOf(left, right, path = "", found = []) {
  if (found.length > 300 || same(left, right)) return found;
  if (Array.isArray(left) && Array.isArray(right)) {
    for (const [a, b] of alignedItems(left, right)) {
      const n = a ?? b;
      differencesOf(left[a], right[b], `${path}[${n}]`, found);
    }
  } else if (isObject(left) && isObject(right)) {
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
      differencesOf(left[key], right[key], path ? `${path}.${key}` : key, found);
    }
  } else {
    found.push({ path, left, right });
  }
  return found;
}

function isObject(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function same(left, right) {
  return left === right || canonical(left) === canonical(right);
}

function canonical(value) {
  return JSON.stringify(value, (_, one) => (isObject(one) ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1))) : one));
}

/** Pairs of indexes of two lists: equal items go together, then those that are between. */
function alignedItems(left, right) {
  const pairs = [];
  let [removed, added] = [[], []];
  const flush = () => {
    for (let n = 0; n < Math.max(removed.length, added.length); n += 1) pairs.push([removed[n], added[n]]);
    [removed, added] = [[], []];
  };
  for (const { kind, left: a, right: b } of edits(left.map(canonical), right.map(canonical))) {
    if (kind === "same") {
      flush();
      pairs.push([a, b]);
    } else if (kind === "removed") removed.push(a);
    else added.push(b);
  }
  flush();
  return pairs;
}

// --------------------------------------------------------------------- text

const FARTHEST = 1200;

/** What makes *right* of *left*, both lists of texts: Myers' greedy way. */
function edits(left, right) {
  let start = 0;
  while (start < left.length && start < right.length && left[start] === right[start]) start += 1;
  let end = 0;
  while (end < left.length - start && end < right.length - start && left.at(-1 - end) === right.at(-1 - end)) end += 1;
  const found = [];
  for (let n = 0; n < start; n += 1) found.push({ kind: "same", left: n, right: n });
  const middle = shortest(left.slice(start, left.length - end), right.slice(start, right.length - end));
  for (const one of middle) found.push({ kind: one.kind, left: one.left + start, right: one.right + start });
  for (let n = end; n > 0; n -= 1) found.push({ kind: "same", left: left.length - n, right: right.length - n });
  return found;
}

function shortest(left, right) {
  const trace = reached(left, right);
  if (trace === null) {
    return [...left.map((_, n) => ({ kind: "removed", left: n, right: 0 })),
      ...right.map((_, n) => ({ kind: "added", left: left.length, right: n }))];
  }
  const found = [];
  let [x, y] = [left.length, right.length];
  for (let d = trace.length - 1; d >= 0; d -= 1) {
    const furthest = trace[d];
    const at = (k) => furthest[k + d] ?? -1;
    const k = x - y;
    const down = k === -d || (k !== d && at(k - 1) < at(k + 1));
    const before = down ? k + 1 : k - 1;
    const startX = d === 0 ? 0 : at(before);
    const startY = d === 0 ? 0 : startX - before;
    while (x > startX && y > startY) found.push({ kind: "same", left: x -= 1, right: y -= 1 });
    if (d > 0) found.push(down ? { kind: "added", left: x, right: y -= 1 } : { kind: "removed", left: x -= 1, right: y });
  }
  return found.reverse();
}

/** How far each diagonal had come before each step; null if there are too many steps. */
function reached(left, right) {
  const most = Math.min(left.length + right.length, FARTHEST);
  const trace = [];
  let furthest = new Map([[1, 0]]);
  for (let d = 0; d <= most; d += 1) {
    const row = new Int32Array(2 * d + 1).fill(-1);
    for (let k = -d; k <= d; k += 1) row[k + d] = furthest.get(k) ?? -1;
    trace.push(row);
    const next = new Map(furthest);
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && (furthest.get(k - 1) ?? -1) < (furthest.get(k + 1) ?? -1));
      let x = down ? furthest.get(k + 1) : furthest.get(k - 1) + 1;
      while (x < left.length && x - k < right.length && left[x] === right[x - k]) x += 1;
      next.set(k, x);
      if (x >= left.length && x - k >= right.length) return trace;
    }
    furthest = next;
  }
  return null;
}

/** The lines of two texts side by side: {left, right, kind}, changed lines in one row. */
function sideBySide(left, right) {
  const [ours, theirs] = [left.split("\n"), right.split("\n")];
  const rows = [];
  let [removed, added] = [[], []];
  const flush = () => {
    for (let n = 0; n < Math.max(removed.length, added.length); n += 1) {
      const kind = removed[n] === undefined ? "added" : added[n] === undefined ? "removed" : "changed";
      rows.push({ kind, left: removed[n], right: added[n] });
    }
    [removed, added] = [[], []];
  };
  for (const one of edits(ours, theirs)) {
    if (one.kind === "removed") removed.push(ours[one.left]);
    else if (one.kind === "added") added.push(theirs[one.right]);
    else {
      flush();
      rows.push({ kind: "same", left: ours[one.left], right: theirs[one.right] });
    }
  }
  flush();
  return rows;
}

const WORDS = /\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu;
const LONGEST_LINE = 4000;

/** Two texts as parts, those that differ marked: [left, right], lists of nodes. */
function marked(left, right) {
  if (left.length + right.length > LONGEST_LINE) return [[el("del", {}, left)], [el("ins", {}, right)]];
  const [ours, theirs] = [left.match(WORDS) ?? [], right.match(WORDS) ?? []];
  const [before, after] = [[], []];
  for (const one of edits(ours, theirs)) {
    if (one.kind !== "added") push(before, ours[one.left], one.kind === "same" ? null : "del");
    if (one.kind !== "removed") push(after, theirs[one.right], one.kind === "same" ? null : "ins");
  }
  return [before, after].map((parts) => parts.map(({ kind, text }) => (kind ? el(kind, {}, text) : text)));
}

function push(parts, text, kind) {
  const last = parts.at(-1);
  if (last && last.kind === kind) last.text += text;
  else parts.push({ kind, text });
}
