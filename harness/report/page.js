"use strict";
// The page as a whole: it starts here; addresses, keys, light and dark.

const KEYS = [
  ["j  ↓", "next conversation"],
  ["k  ↑", "previous conversation"],
  ["Enter", "go to the conversation"],
  ["Esc", "back to the list; in the search: clear it"],
  ["/", "search"],
  ["1 … 5", "conversation, stream, request, response, compare"],
  ["[  ]", "previous, next call of the conversation"],
  ["m", "mark this call, to compare another with it"],
  ["y", "copy a link to what is shown"],
  ["t", "light or dark"],
  ["?", "these keys"],
];

let list;
let detail;

async function start() {
  try {
    await readIndex();
  } catch (error) {
    $("main").append(el("p.empty", {}, `What the page holds cannot be read: ${error.message}. It needs a browser of 2023 or later.`));
    return;
  }
  $("title").textContent = index.title;
  $("notes").append(...index.notes.map((note) => el("p.note", { role: "note", dir: "auto" }, note)));
  detail = new Detail($("main"), moved);
  list = new List($("list"), (row, { focus }) => openRow(row, focus));
  makeFilters($("filters"), filter);
  $("search").addEventListener("input", (event) => { chosen.words = event.target.value; filter(); });
  $("search").addEventListener("keydown", pressedInSearch);
  makeKeys();
  makeTheme();
  filter();
  addEventListener("hashchange", () => openAddress());
  document.addEventListener("keydown", pressed);
  await openAddress();
  document.documentElement.dataset.ready = "yes";
}

function filter() {
  const rows = chosenRows(chosen);
  list.show(rows);
  tellFilters(rows);
  $("list").classList.toggle("none", index.rows.length > 0 && rows.length === 0);
}

// ------------------------------------------------------------------ addresses

let address = null;

async function openRow(row, focus) {
  document.body.classList.add("opened");
  await detail.open(row);
  if (focus) $("heading")?.focus({ preventScroll: true });
  moved({});
}

/** Make the address that of what is shown. */
function moved({ back = false }) {
  if (back) {
    document.body.classList.remove("opened");
    $("list").focus();
    return;
  }
  const place = encodeURIComponent(placeOf(detail.row, detail.number)).replaceAll("%2F", "/").replaceAll("%3A", ":");
  const more = new URLSearchParams();
  if (detail.tab !== detail.tabs[0]?.name && detail.tabs.length) more.set("tab", detail.tab);
  if (detail.tab === "compare" && detail.other) more.set("with", detail.other);
  address = `#${place}${more.size ? `?${more}` : ""}`;
  history.replaceState(null, "", address);
}

async function openAddress() {
  if (location.hash === address) return;
  const [place, query = ""] = location.hash.slice(1).split("?");
  const found = places.get(decoded(place));
  const more = new URLSearchParams(query);
  $("lost")?.remove();
  if (found) {
    document.body.classList.add("opened");
    list.choose(found.row);
    await detail.open(found.row, { number: found.number, tab: more.get("tab"), other: more.get("with") });
    address = location.hash;
    return;
  }
  if (place) $("notes").append(el("p.note", { id: "lost", role: "status", dir: "auto" }, `There is no ${decoded(place)} on this page.`));
  if (list.rows.length) {
    list.choose(list.rows[0]);
    await detail.open(list.rows[0]);
  } else {
    $("main").replaceChildren(el("p.empty", {}, "There is nothing on this page."));
  }
}

function decoded(place) {
  try {
    return decodeURIComponent(place);
  } catch {
    return place;
  }
}

// ----------------------------------------------------------------------- keys

function makeKeys() {
  $("keys-list").append(...KEYS.map(([keys, what]) => el("div", {},
    el("dt", {}, keys.split("  ").map((key) => el("kbd", {}, key))), el("dd", {}, what))));
  $("help").addEventListener("click", () => $("keys").showModal());
  $("keys-close").addEventListener("click", () => $("keys").close());
}

const ACTS = {
  j: () => list.step(1),
  k: () => list.step(-1),
  ArrowDown: () => list.step(1),
  ArrowUp: () => list.step(-1),
  "/": () => { $("search").focus(); $("search").select(); },
  "[": () => detail.stepCall(-1),
  "]": () => detail.stepCall(1),
  m: () => detail.markHere(),
  y: () => $("copy-link")?.click(),
  t: () => $("theme").click(),
  "?": () => $("keys").showModal(),
  Escape: () => moved({ back: true }),
};
TABS.forEach(({ name }, n) => { ACTS[String(n + 1)] = () => detail.choose({ tab: name }); });

const IN_PLACE = new Set(["ArrowDown", "ArrowUp"]); // these scroll where something is open

function pressed(event) {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || $("keys").open) return;
  if (event.target.closest("input, select, textarea")) return;
  if (IN_PLACE.has(event.key) && event.target.closest("main, header, dialog")) return;
  const act = ACTS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

function pressedInSearch(event) {
  if (event.key === "Escape") {
    if (chosen.words) {
      event.target.value = "";
      chosen.words = "";
      filter();
    } else $("list").focus();
  } else if (event.key === "Enter" || event.key === "ArrowDown") {
    if (!list.rows.includes(list.current) && list.rows.length) list.step(0);
    $("list").focus();
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

// ---------------------------------------------------------------------- theme

function makeTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let theme = remembered() ?? "";
  const show = () => {
    const isDark = theme ? theme === "dark" : dark.matches;
    document.documentElement.dataset.theme = isDark ? "dark" : "light";
    $("theme").textContent = isDark ? "Light" : "Dark";
    $("theme").setAttribute("aria-label", `Switch to ${isDark ? "light" : "dark"}`);
  };
  $("theme").addEventListener("click", () => {
    theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    remember(theme);
    show();
  });
  dark.addEventListener("change", show);
  show();
}

function remembered() {
  try {
    return localStorage.getItem("chat-harness-theme");
  } catch {
    return null; // a page from a file may have no storage
  }
}

function remember(theme) {
  try {
    localStorage.setItem("chat-harness-theme", theme);
  } catch {
    // it lasts as long as the page, then
  }
}

start();
