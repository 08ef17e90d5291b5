"use strict";
// data-copy="text" copies the text; data-copy-from="id" copies the text of an element. Says "Copied" by text.
// data-once guards a page whose content is shown once: leaving before it was stored asks.
(() => {
  const announce = (text) => {
    const region = document.getElementById("announce");
    if (region) region.textContent = text;
  };

  // Outside of HTTPS and localhost the clipboard API is missing: a selection still can be copied.
  async function copy(text) {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "vh";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) throw new Error("copying was refused");
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy], [data-copy-from]");
    if (!button) return;
    event.preventDefault();
    const from = button.dataset.copyFrom;
    const text = from ? document.getElementById(from).textContent : button.dataset.copy;
    let said = "Copied";
    try {
      await copy(text);
    } catch {
      said = "Copying was refused by the browser. Select the text and copy it by hand.";
    }
    announce(said);
    button.dataset.said = said === "Copied" ? "Copied" : "Refused";
    setTimeout(() => delete button.dataset.said, 1600);
  });

  const once = document.querySelector("[data-once]");
  const stored = document.querySelector("[data-stored]");
  if (once && stored) {
    const ask = (event) => {
      if (!stored.checked) event.preventDefault();
    };
    addEventListener("beforeunload", ask);
    stored.form.addEventListener("submit", () => removeEventListener("beforeunload", ask));
  }
})();
