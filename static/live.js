"use strict";
// Keeps a page current. An element with data-live="ms" asks for the page's own <main> at that rate, with the tag of the
// last answer, so that no news costs a 304. Rows (id and data-v inside [data-rows]) and parts ([data-live-part] with an
// id) are changed in place and only when they differ: order, scroll, focus, selection and open menus stay. New rows
// wait behind a button. Hidden tabs do not ask.
(() => {
  if (window.Idiomorph) {
    // The server does not know which menus and boxes the reader opened.
    Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) => !(name === "open" && node.localName === "details");
    Idiomorph.defaults.ignoreActiveValue = true;
  }
  const $ = (selector, root = document) => root.querySelector(selector);
  let etag = "", timer = 0, failures = 0, since = Date.now(), asking = false;

  const rate = () => Number($("[data-live]")?.dataset.live) || 0;
  const busy = () => document.hidden || $("dialog[open]") || !getSelection().isCollapsed;

  function schedule(wait = rate()) {
    clearTimeout(timer);
    if (wait) timer = setTimeout(ask, wait);
  }

  async function ask() {
    if (asking) return;
    if (busy()) return schedule();
    asking = true;
    const address = location.href;
    try {
      const headers = { "HX-Request": "true", "HX-Target": "main", "X-Live": "1" };
      if (etag) headers["If-None-Match"] = etag;
      const answer = await fetch(address, { headers, cache: "no-store" });
      if (answer.redirected && new URL(answer.url).pathname === "/login") return location.reload();
      if (answer.status === 404) return gone();
      if (!answer.ok && answer.status !== 304) throw new Error(answer.status);
      connected();
      if (answer.status !== 304) {
        const text = await answer.text();
        // The reader may have gone elsewhere in the meantime.
        if (address === location.href) merge(new DOMParser().parseFromString(text, "text/html"));
        etag = answer.headers.get("ETag") ?? "";
      }
    } catch {
      lost();
    } finally {
      asking = false;
    }
    schedule(failures ? Math.min(30000, 2000 * 2 ** failures) : rate());
  }

  function merge(page) {
    for (const part of page.querySelectorAll("[data-live-part][id]")) {
      const here = document.getElementById(part.id);
      if (!here || here.isEqualNode(part) || here.contains($(":focus:is(input, select, textarea)"))) continue;
      const said = $("[data-announce]", here)?.dataset.announce;
      Idiomorph.morph(here, part);
      const says = $("[data-announce]", here)?.dataset.announce;
      if (says && says !== said) $("#announce").textContent = says;
    }
    const rows = $("[data-rows]");
    const fresh = rows ? [...page.querySelectorAll("[data-rows] > tr")] : [];
    let unseen = 0;
    for (const row of fresh) {
      const here = document.getElementById(row.id);
      if (!here) unseen++;
      else if (here.dataset.v !== row.dataset.v) Idiomorph.morph(here, row, { morphStyle: "outerHTML" });
    }
    const offer = $("[data-new]");
    if (offer) {
      offer.hidden = !unseen;
      $("button", offer).textContent = unseen === 1 ? "Show 1 new row" : `Show ${unseen} new rows`;
    }
    document.dispatchEvent(new CustomEvent("live:merged"));
    tick();
  }

  function connected() {
    failures = 0;
    since = Date.now();
    $("#lost").hidden = true;
    document.body.classList.remove("old");
    for (const mark of document.querySelectorAll("[data-live-state]")) mark.classList.remove("off");
  }

  function lost() {
    failures = Math.min(failures + 1, 6);
    if (failures < 2) return;
    const bar = $("#lost");
    bar.hidden = false;
    const age = Math.round((Date.now() - since) / 1000);
    $("span", bar).textContent = `Connection lost. The numbers on this page are ${age < 90 ? age + " s" : Math.round(age / 60) + " min"} old.`;
    document.body.classList.add("old");
    for (const mark of document.querySelectorAll("[data-live-state]")) mark.classList.add("off");
  }

  function gone() {
    clearTimeout(timer);
    const bar = $("#lost");
    bar.hidden = false;
    $("[data-retry]", bar).hidden = true;
    $("span", bar).textContent = "This was deleted, or is no longer yours to see. What you see here is the last state.";
  }

  // Durations that grow and ages of times, without asking anybody.
  const unit = (n, u) => `${n}\u202f${u}`;
  function span(s) {
    if (s < 60) return unit(s, "s");
    if (s < 3600) return unit(Math.floor(s / 60), "min");
    const [big, u, small, v] = s < 86400 ? [s / 3600, "h", (s / 60) % 60, "min"] : [s / 86400, "d", (s / 3600) % 24, "h"];
    return unit(Math.floor(big), u) + (small >= 1 ? " " + unit(Math.floor(small), v) : "");
  }
  // The server's clock counts; this one may be wrong.
  const skew = Date.now() - (Number(document.documentElement.dataset.now) || Date.now());
  function tick() {
    const now = Date.now() - skew;
    for (const e of document.querySelectorAll("[data-since]")) {
      const text = span(Math.max(0, Math.floor((now - e.dataset.since) / 1000)));
      if (e.textContent !== text) e.textContent = text;
    }
    for (const e of document.querySelectorAll("time[data-ago]")) {
      const age = Math.floor((now - Date.parse(e.dateTime)) / 60000);
      if (age >= 1 && age < 60 && !e.textContent.includes(":")) e.textContent = unit(age, "min") + " ago";
    }
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-retry]")) ask();
    if (event.target.closest?.("[data-new]")) location.reload();
  });
  document.addEventListener("visibilitychange", () => !document.hidden && rate() && ask());
  // htmx put another state of the list here: the tag belongs to the old one.
  document.addEventListener("htmx:afterSwap", () => { etag = ""; schedule(); });
  setInterval(tick, 1000);
  schedule();
})();
