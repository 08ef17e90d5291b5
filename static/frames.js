"use strict";
// Figures live in sandboxed frames without our cookie. A frame is made when its place comes near the screen, and at most
// four are kept: the one that left the screen first goes first.
(() => {
  const LIVE = 4;
  const live = [];

  function open(place) {
    if (place.firstElementChild) return;
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "allow-scripts");
    frame.title = place.dataset.title.trim();
    frame.src = place.dataset.frame;
    place.append(frame);
    live.push(place);
    while (live.length > LIVE) {
      const far = live.find((each) => !each.hasAttribute("data-near")) ?? live[0];
      live.splice(live.indexOf(far), 1);
      far.replaceChildren();
    }
  }

  const near = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      target.toggleAttribute("data-near", isIntersecting);
      if (isIntersecting) open(target);
    }
  }, { rootMargin: "100px" });
  for (const place of document.querySelectorAll("[data-frame]")) near.observe(place);
})();
