"use strict";
// Marks the page as scripted and lets single keys act. An element with data-key="f" is focused or followed by that key.
// Keys never act inside inputs and never start, stop or delete anything.
document.documentElement.classList.add("js");

(() => {
  const off = () => document.documentElement.dataset.singleKeys === "off";
  const typing = (target) => target.closest("input:not([type=checkbox]):not([type=range]), textarea, select, [contenteditable]");
  const places = { p: "/projects", t: "/projects/*/tasks", q: "/queues", h: "/" };
  let pendingGo = 0;

  function act(element) {
    if (element.matches("input, select, textarea")) {
      element.focus();
      element.select?.();
    } else {
      element.click();
    }
  }

  // Only places that the bar of this page offers.
  function go(key) {
    const href = places[key];
    if (href && (href === "/" || [...document.querySelectorAll(".nav a")].some((a) => href.startsWith(a.getAttribute("href"))))) {
      location.href = href;
    }
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      for (const open of document.querySelectorAll("details.pop[open]")) {
        open.open = false;
        if (open.contains(document.activeElement)) open.querySelector("summary").focus();
      }
      if (typing(event.target)) event.target.blur();
      return;
    }
    if (off() || event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
    if (Date.now() - pendingGo < 1500) {
      pendingGo = 0;
      return go(event.key);
    }
    if (event.key === "g") {
      pendingGo = Date.now();
      return;
    }
    if (/^[1-9]$/.test(event.key)) {
      const tab = document.querySelectorAll(".tabs a")[event.key - 1];
      if (tab) tab.click();
      return;
    }
    if (event.key === "?") return help();
    const wanted = event.key === "/" ? "f" : event.key;
    const element = [...document.querySelectorAll("[data-key]")].find((e) => e.dataset.key === wanted && e.offsetParent);
    if (element) {
      event.preventDefault();
      act(element);
    }
  });

  // Menus close when the focus or the pointer goes elsewhere.
  document.addEventListener("click", (event) => {
    for (const open of document.querySelectorAll("details.pop[open]")) if (!open.contains(event.target)) open.open = false;
    if (event.target.closest?.("[data-keys]")) help();
  });

  function help() {
    const rows = [["f or /", "filter this page"], ["j k", "next, previous row"], ["Enter", "open the row"], ["x", "select the row"],
      ["[ ]", "previous, next task"], ["1–9", "tabs"], ["g p, g t, g h", "projects, tasks, home"], ["n N", "next, previous match in a log"],
      ["End", "follow a log"], ["T", "numbers of a chart"], ["Esc", "close"], ["?", "this list"]];
    const dialog = document.createElement("dialog");
    const box = document.createElement("div");
    box.className = "dialog";
    const title = document.createElement("h1");
    title.textContent = "Keys";
    const list = document.createElement("dl");
    list.className = "kv keys-l";
    for (const [key, what] of rows) {
      const term = document.createElement("dt");
      const mark = document.createElement("kbd");
      mark.textContent = key;
      term.append(mark);
      const text = document.createElement("dd");
      text.textContent = what;
      list.append(term, text);
    }
    box.append(title, list);
    dialog.append(box);
    dialog.addEventListener("close", () => dialog.remove());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    document.body.append(dialog);
    dialog.showModal();
  }
})();
