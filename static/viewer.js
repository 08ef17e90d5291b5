"use strict";
// Debug samples, full size: arrows left and right step through iterations, up and down through series.
(() => {
  const dialog = document.createElement("dialog");
  dialog.className = "viewer";
  const figure = document.createElement("figure");
  const image = document.createElement("img");
  const caption = document.createElement("figcaption");
  const close = document.createElement("button");
  Object.assign(close, { type: "button", className: "b end", textContent: "Close" });
  const text = document.createElement("span");
  caption.append(text, close);
  figure.append(image, caption);
  dialog.append(figure);
  let current = null;

  const strips = () => [...document.querySelectorAll("[data-strip]")].map((strip) => [...strip.querySelectorAll("[data-view]")]).filter((strip) => strip.length);

  function show(link) {
    current = link;
    image.src = link.href;
    image.alt = link.querySelector("img").alt;
    text.textContent = link.dataset.caption;
  }

  function step(across, down) {
    const all = strips();
    const row = all.findIndex((strip) => strip.includes(current));
    const column = all[row]?.indexOf(current) ?? 0;
    const strip = all[row + down];
    const next = strip?.[Math.min(column + across, down ? strip.length - 1 : Infinity)];
    if (next) show(next);
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-view]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (!dialog.isConnected) document.body.append(dialog);
    show(link);
    dialog.showModal();
  });
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => {
    image.removeAttribute("src");
    current?.focus();
  });
  dialog.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (move) {
      event.preventDefault();
      step(...move);
    }
  });
})();
