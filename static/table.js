"use strict";
// Selection, bulk bar and keys of lists. The checkboxes are the selection; the script remembers it by id, so that it
// survives sorting, filtering and live updates. Nothing is remembered beyond the page.
(() => {
  const chosen = new Set();
  let last = null;
  const root = () => document.querySelector("[data-table]");
  const boxes = () => [...(root()?.querySelectorAll("tbody input[name=task]") ?? [])];
  const rows = () => [...document.querySelectorAll("#main tbody tr:has([data-open])")];

  function paint() {
    const all = boxes();
    for (const box of all) {
      box.checked = chosen.has(box.value);
      box.closest("tr").toggleAttribute("data-sel", box.checked);
    }
    const bar = document.querySelector("[data-bulk]");
    if (!bar) return;
    bar.hidden = chosen.size === 0;
    const away = chosen.size - all.filter((box) => box.checked).length;
    bar.querySelector("[data-selected]").textContent = `${chosen.size} selected` + (away ? ` (${away} on other pages)` : "");
    const head = document.querySelector("[data-all]");
    if (head) {
      head.checked = all.length > 0 && away === 0 && all.every((box) => box.checked);
      head.indeterminate = chosen.size > 0 && !head.checked;
    }
    // Rows of other pages take part in a bulk action too.
    for (const old of root().querySelectorAll("input[data-away]")) old.remove();
    for (const id of chosen) {
      if (all.some((box) => box.value === id)) continue;
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name: "task", value: id });
      field.dataset.away = "";
      root().append(field);
    }
  }

  function choose(box, on) {
    if (on) chosen.add(box.value);
    else chosen.delete(box.value);
  }

  document.addEventListener("click", (event) => {
    const box = event.target.closest?.("tbody input[name=task]");
    if (box) {
      const all = boxes();
      const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
      if (event.shiftKey && from >= 0) all.slice(from, to + 1).forEach((each) => choose(each, box.checked));
      else choose(box, box.checked);
      last = box;
      paint();
    } else if (event.target.matches?.("[data-all]")) {
      boxes().forEach((each) => choose(each, event.target.checked));
      paint();
    } else if (event.target.closest?.("[data-clear]")) {
      chosen.clear();
      paint();
    }
  });

  // j and k move the real focus from name to name; x selects the row that has it.
  document.addEventListener("keydown", (event) => {
    if (document.documentElement.dataset.singleKeys === "off" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input:not([type=checkbox]), select, textarea") || document.querySelector("dialog[open]")) return;
    const step = { j: 1, k: -1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    const inside = event.target.closest("#main tbody tr");
    if (step && (event.key.length === 1 || inside)) {
      const all = rows();
      const at = all.indexOf(inside);
      const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step];
      if (next) {
        event.preventDefault();
        next.querySelector("[data-open]").focus();
        next.scrollIntoView({ block: "nearest" });
      }
    } else if (event.key === "x" && inside) {
      inside.querySelector("input[name=task]")?.click();
    }
  });

  document.addEventListener("live:merged", paint);
  document.addEventListener("htmx:afterSettle", paint);
  // Back and forward keep form states: trust only what is remembered here.
  addEventListener("pageshow", paint);
})();
