"use strict";
// The editor of vaults: checks the text on the server when the person pauses, reads a file into it, keeps Tab as text
// after a key was typed in it, and asks before unsaved work is left.
(() => {
  const form = document.querySelector("form[data-vault]");
  const text = form?.querySelector("textarea[name=data]");
  const verdict = document.getElementById("verdict");
  if (!text || !verdict) return;
  let timer = 0;
  let changed = false;
  let asked = 0;

  async function check() {
    const mine = ++asked;
    const body = new URLSearchParams();
    for (const name of ["csrf", "data", "format", "kind", "audience"]) {
      const field = form.elements.namedItem(name);
      if (field) body.set(name, field.value);
    }
    try {
      const answer = await fetch(verdict.dataset.check, { method: "POST", body });
      const page = await answer.text();
      if (mine !== asked || !answer.ok) return;
      const drawn = new DOMParser().parseFromString(page, "text/html");
      verdict.replaceChildren(...drawn.body.childNodes);
    } catch {
      // The server is away; saving will tell.
    }
  }

  form.addEventListener("input", (event) => {
    if (event.target.matches("[data-import]")) return;
    changed = true;
    clearTimeout(timer);
    timer = setTimeout(check, 300);
  });
  form.querySelector("[data-import]")?.addEventListener("change", async (event) => {
    const file = event.target.files[0];
    if (!file) return;
    text.value = await file.text();
    const format = { json: "json", yaml: "yaml", yml: "yaml", conf: "hocon", hocon: "hocon" }[file.name.split(".").pop()];
    if (format) form.elements.namedItem("format").value = format;
    changed = true;
    check();
  });
  form.addEventListener("submit", () => (changed = false));
  window.addEventListener("beforeunload", (event) => {
    if (changed) event.preventDefault();
  });
})();
