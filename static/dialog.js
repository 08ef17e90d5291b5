"use strict";
// A link or submit button with data-dialog opens the page it leads to as a dialog: the server's confirmation page has
// one <form id="confirm">, which is shown here over the present page. Without script the same page opens by itself.
(() => {
  async function fetchForm(url, options) {
    const answer = await fetch(url, { ...options, headers: { "HX-Request": "true", "HX-Target": "main" } });
    if (answer.redirected && new URL(answer.url).pathname === "/login") return location.reload();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const form = page.getElementById("confirm");
    return form ? { form, status: answer.status } : null;
  }

  function show(form) {
    const dialog = document.createElement("dialog");
    dialog.setAttribute("aria-labelledby", "confirm-title");
    dialog.append(document.adoptNode(form));
    document.body.append(dialog);
    const before = document.activeElement;
    dialog.addEventListener("close", () => {
      dialog.remove();
      before?.focus?.();
    });
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog || event.target.closest("[data-close]")) {
        event.preventDefault();
        dialog.close();
      }
    });
    form.addEventListener("submit", () => {
      // One press acts once; the page that answers replaces this one.
      setTimeout(() => form.querySelectorAll("button").forEach((button) => (button.disabled = true)));
    });
    dialog.showModal();
    (form.querySelector("[autofocus], input:not([type=hidden])") ?? form.querySelector("footer .b"))?.focus();
  }

  async function open(event, url, options, fallback) {
    event.preventDefault();
    try {
      const found = await fetchForm(url, options);
      if (found) return show(found.form);
    } catch {
      // No connection: the browser's own page says so.
    }
    fallback();
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-dialog]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button > 0) return;
    link.closest("details.pop")?.removeAttribute("open");
    open(event, link.href, {}, () => (location.href = link.href));
  });

  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button?.matches("[data-dialog]")) return;
    const form = event.target;
    const fallback = () => {
      button.removeAttribute("data-dialog");
      form.requestSubmit(button);
    };
    open(event, button.formAction, { method: "POST", body: new URLSearchParams(new FormData(form, button)) }, fallback);
  });
})();
