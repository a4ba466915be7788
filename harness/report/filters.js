"use strict";
// The search and the filters above the list.

const chosen = { words: "", facets: {}, switches: new Set() };

function makeFilters(box, changed) {
  const facets = FACETS.map((one) => facetSelect(one, changed)).filter(Boolean);
  const switches = SWITCHES.filter((one) => index.rows.some(one.is) && !index.rows.every(one.is))
    .map((one) => switchButton(one, changed));
  const clear = button("Clear", () => { clearFilters(); changed(); $("search").focus(); }, { class: "small", id: "clear" });
  if (facets.some((one) => one.id === "facet-run")) [chosen.facets.run] = RUNS;
  box.replaceChildren(
    facets.length ? el("div.facets", {}, facets) : "",
    el("div.switches", {}, switches, clear));
}

function facetSelect(facet, changed) {
  const counts = new Map();
  for (const row of index.rows) {
    for (const value of new Set(facet.of(row))) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  if (counts.size < 2) return null;
  const values = [...counts].sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
  return el("select", {
    id: `facet-${facet.name}`,
    "aria-label": facet.label,
    onchange: (event) => { chosen.facets[facet.name] = event.target.value; changed(); },
  },
  el("option", { value: "" }, facet.label),
  values.map(([value, times]) => el("option", { value, selected: facet.name === "run" && value === RUNS[0] }, `${value} (${times})`)));
}

function switchButton({ name, label }, changed) {
  const made = button(label, () => {
    if (!chosen.switches.delete(name)) chosen.switches.add(name);
    made.setAttribute("aria-pressed", String(chosen.switches.has(name)));
    changed();
  }, { class: "switch", id: `switch-${name}`, "aria-pressed": "false" });
  return made;
}

function clearFilters() {
  chosen.words = "";
  chosen.facets = {};
  chosen.switches.clear();
  $("search").value = "";
  for (const one of $("filters").querySelectorAll("select")) one.value = "";
  for (const one of $("filters").querySelectorAll(".switch")) one.setAttribute("aria-pressed", "false");
}

/** Say what is chosen: mark the fields that are set, tell how many rows are left. */
function tellFilters(rows) {
  const set = chosen.words || chosen.switches.size || Object.values(chosen.facets).some(Boolean);
  for (const one of $("filters").querySelectorAll("select")) one.classList.toggle("set", one.value !== "");
  $("clear").hidden = !set;
  const all = index.rows.length;
  const noun = index.rows.some((row) => row.kind === "test") ? "test" : "conversation";
  $("count").textContent = rows.length === all ? count(all, noun) : `${rows.length.toLocaleString("en")} of ${count(all, noun)}`;
}
