"use strict";
// The log window: follows the end, loads neighbouring windows as one scrolls, steps through matches, remembers wrap and
// times. The document holds at most three windows; lines far from the eye are dropped and come back by scrolling.
(() => {
  const log = document.querySelector("[data-console]");
  if (!log) return;
  const list = document.getElementById("lines");
  const MOST = 1200;
  const follow = document.querySelector("[data-follow]");
  let following = log.hasAttribute("data-follows") && !log.querySelector(".mark-l");
  let later = log.dataset.later, loading = false, etag = "";

  const below = () => log.scrollHeight - log.scrollTop - log.clientHeight;
  const toEnd = () => (log.scrollTop = log.scrollHeight);
  function setFollowing(on) {
    following = on;
    if (follow) {
      follow.setAttribute("aria-pressed", String(on));
      follow.textContent = on ? "Following" : "Follow";
    }
    if (on) toEnd();
  }

  async function windowAt(address, tag) {
    const headers = { "HX-Request": "true", "HX-Target": "main" };
    if (tag) headers["If-None-Match"] = tag;
    const answer = await fetch(address, { headers, cache: "no-store" });
    if (answer.redirected && new URL(answer.url).pathname === "/login") return location.reload();
    if (answer.status === 304) return null;
    if (!answer.ok) throw new Error(answer.status);
    etag = tag === undefined ? etag : answer.headers.get("ETag") ?? "";
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  }

  // An entry is the line with its number and the lines without one that follow.
  function entry(first) {
    const lines = [first];
    for (let next; (next = lines.at(-1).nextElementSibling) && !next.id;) lines.push(next);
    return lines;
  }
  const entries = (page) => [...page.querySelectorAll("#lines > li[id]")].map(entry);

  // New entries replace those of the same number: the last one may still have been rewritten by a progress bar.
  function append(page) {
    for (const lines of entries(page)) {
      const here = document.getElementById(lines[0].id);
      const old = here ? entry(here) : [];
      if (old.length === lines.length && old.every((line, nth) => line.isEqualNode(lines[nth]))) continue;
      if (here) here.before(...lines);
      else list.append(...lines);
      for (const line of old) line.remove();
    }
    while (list.children.length > MOST && !getSelection().containsNode(list.firstChild, true)) {
      const old = entry(list.firstElementChild);
      if (old.length === list.children.length) break;
      const height = log.scrollHeight;
      for (const line of old) line.remove();
      if (!following) log.scrollTop -= height - log.scrollHeight;
    }
    later = page.querySelector("[data-console]")?.dataset.later ?? later;
    document.getElementById("log-total")?.replaceWith(page.getElementById("log-total") ?? "");
  }

  async function poll() {
    if (!document.hidden && log.hasAttribute("data-follows") && !log.querySelector("[data-later-link]")) {
      try {
        const page = await windowAt(later, etag);
        if (page) append(page);
        if (following) toEnd();
        follow?.classList.remove("off");
      } catch {
        follow?.classList.add("off");
      }
    }
    setTimeout(poll, 2000);
  }

  async function extend(which) {
    const place = log.querySelector(which);
    const link = place?.querySelector("a");
    if (!link || loading) return;
    loading = true;
    try {
      const page = await windowAt(link.href);
      const other = page.querySelector(which);
      if (which === "[data-earlier]") {
        const before = log.scrollHeight;
        list.prepend(...entries(page).filter(([first]) => !document.getElementById(first.id)).flat());
        place.replaceWith(other ?? "");
        log.scrollTop += log.scrollHeight - before;
      } else {
        append(page);
        place.replaceWith(other ?? "");
      }
    } catch {
      // The link stays and works by itself.
    } finally {
      loading = false;
    }
  }

  log.addEventListener("scroll", () => {
    if (following && below() >= 40) setFollowing(false);
    if (log.scrollTop < 300) extend("[data-earlier]");
    if (below() < 300) extend("[data-later-link]");
  }, { passive: true });
  follow?.addEventListener("click", () => setFollowing(!following));

  function match(step) {
    const marks = [...list.querySelectorAll("mark")];
    const at = marks.findIndex((mark) => mark.classList.contains("cur"));
    const next = marks[at < 0 ? (step > 0 ? 0 : marks.length - 1) : at + step];
    marks[at]?.classList.remove("cur");
    if (next) {
      next.classList.add("cur");
      next.scrollIntoView({ block: "center" });
      setFollowing(false);
    } else {
      document.querySelector(`[data-match="${step > 0 ? "after" : "before"}"]`)?.click();
    }
  }

  function keep(name, input, change) {
    if (!input) return;
    const stored = sessionStorage.getItem(name);
    if (stored !== null) input.checked = stored === "1";
    const apply = () => change(input.checked);
    input.addEventListener("change", () => { sessionStorage.setItem(name, input.checked ? "1" : "0"); apply(); });
    apply();
  }
  const wrap = document.querySelector("[data-wrap]");
  keep("console.wrap", wrap, (on) => log.classList.toggle("fold-l", on));
  keep("console.times", document.querySelector("[data-times]"), (on) => log.classList.toggle("bare", !on));

  document.addEventListener("keydown", (event) => {
    if (document.documentElement.dataset.singleKeys === "off" || event.ctrlKey || event.metaKey || event.target.closest("input:not([type=checkbox]), select, textarea")) return;
    if (event.key === "n") match(1);
    else if (event.key === "N") match(-1);
    else if (event.key === "w") wrap.click();
    else if (event.key === "End") setFollowing(true);
  });

  const marked = list.querySelector(".mark-l");
  if (marked) marked.scrollIntoView({ block: "center" });
  else if (list.querySelector("mark")) match(1);
  else if (!log.querySelector("[data-later-link]")) toEnd();
  setFollowing(following);
  setTimeout(poll, 2000);
})();
