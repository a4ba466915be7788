"use strict";
// What the page holds: a list, read at once, and packs of details, read when needed.

const MOST_PACKS = 6;
const packs = new Map();
let index = { rows: [], packs: [], notes: [], title: "" };
const places = new Map(); // what links name -> a row and a number

async function unpacked(id) {
  const bytes = Uint8Array.from(atob($(id).textContent), (one) => one.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

async function readIndex() {
  index = await unpacked("index");
  let at = 0;
  index.packs.forEach((size, pack) => {
    for (let n = 0; n < size; n += 1, at += 1) Object.assign(index.rows[at], { at, pack, inPack: n });
  });
  for (const row of index.rows) {
    row.search = row.search.toLowerCase();
    for (const number of [...row.numbers, null]) {
      const place = placeOf(row, number);
      if (!places.has(place)) places.set(place, { row, number });
    }
  }
}

/** What links call a row, or one of its calls. */
function placeOf(row, number) {
  return number === null ? row.id : `${row.kind === "test" ? row.id : row.path}/${number}`;
}

/** The details of a row; those of the packs that were read last are kept. */
async function details(row) {
  let pack = packs.get(row.pack);
  packs.delete(row.pack);
  pack ??= await unpacked(`pack-${row.pack}`);
  packs.set(row.pack, pack);
  if (packs.size > MOST_PACKS) packs.delete(packs.keys().next().value);
  const found = pack.entries[row.inPack];
  const whole = (exchange) => exchange && withShared(exchange, pack.shared);
  return {
    ...found,
    parts: found.parts.map((part) => ({ ...part, exchanges: part.exchanges.map(whole) })),
    misses: found.misses.map((miss) => ({ ...miss, asked: whole(miss.asked), nearest: whole(miss.nearest) })),
  };
}

function withShared(exchange, shared) {
  if (!exchange.request) return exchange;
  const { messages, tools } = exchange.request;
  const request = { ...exchange.request, messages: messages.map((n) => shared[n]), tools: tools.map((n) => shared[n]) };
  return { ...exchange, request };
}

/** The exchange at a place such as "cassettes/a.yaml/3". */
async function exchangeAt(place) {
  const found = places.get(place);
  if (!found) return null;
  const { parts } = await details(found.row);
  const all = parts.flatMap((part) => part.exchanges);
  return all.find((one) => one.number === found.number) ?? null;
}

// ------------------------------------------------------------------ filters

const KINDS = { chat: "recorded chat", script: "script", http: "other HTTP", problem: "unreadable file", test: "test" };

const RUNS = ["this", "other"];

/** What can be chosen, each with what a row has of it. */
const FACETS = [
  { name: "outcome", label: "Outcome", of: (row) => [row.outcome].filter(Boolean) },
  { name: "model", label: "Model", of: (row) => row.models },
  { name: "dialect", label: "Format", of: (row) => row.dialects },
  { name: "host", label: "Host", of: (row) => row.hosts },
  { name: "status", label: "Status", of: (row) => row.statuses },
  { name: "tool", label: "Tool", of: (row) => row.tools },
  { name: "kind", label: "Kind", of: (row) => [KINDS[row.kind]] },
  { name: "run", label: "Run", of: (row) => [RUNS[row.run]] },
];

const SWITCHES = [
  { name: "streamed", label: "Streamed", is: (row) => row.streamed },
  { name: "tools", label: "With tools", is: (row) => row.tools.length > 0 },
  { name: "wrong", label: "With problems", is: isWrong },
  { name: "differs", label: "Differs", is: (row) => Boolean(row.differs) },
];

function isWrong(row) {
  return row.wrong || row.outcome === "failed" || row.outcome === "error"
    || row.statuses.some((one) => !/^[123]/.test(one));
}

/** The rows that have all words of the search, and all that was chosen. */
function chosenRows({ words, facets, switches }) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const picked = FACETS.filter((one) => facets[one.name]);
  const on = SWITCHES.filter((one) => switches.has(one.name));
  return index.rows.filter((row) =>
    on.every((one) => one.is(row))
    && picked.every((one) => one.of(row).includes(facets[one.name]))
    && wanted.every((word) => row.search.includes(word)));
}
