"use strict";
// The metric tree beside the charts (filter, show and hide) and the table of a chart's numbers (key T).
(() => {
  const tree = document.getElementById("tree");
  if (!tree) return;

  document.querySelector("[data-tree-filter]")?.addEventListener("input", (event) => {
    const words = event.target.value.trim().toLowerCase();
    let metricMatches = false;
    for (const item of tree.children) {
      const matches = item.textContent.toLowerCase().includes(words);
      if (item.classList.contains("m")) {
        metricMatches = matches;
        const variants = [...tree.querySelectorAll(`[data-of="${CSS.escape(item.querySelector("[data-toggle]").dataset.toggle)}"]`)];
        item.hidden = !matches && !variants.some((variant) => variant.textContent.toLowerCase().includes(words));
      } else {
        item.hidden = !matches && !metricMatches;
      }
    }
  });

  function toggle(tick) {
    const figure = [...document.querySelectorAll("[data-chart]")].find((each) => each.dataset.metric === tick.dataset.toggle);
    if (!figure) return;
    figure.hidden = !figure.hidden;
    tick.setAttribute("aria-checked", String(!figure.hidden));
    const hidden = [...document.querySelectorAll("[data-chart][hidden]")].map((each) => each.dataset.metric.replaceAll("%", "%25").replaceAll(",", "%2C"));
    const address = new URL(location);
    if (hidden.length) address.searchParams.set("hide", hidden.join(","));
    else address.searchParams.delete("hide");
    history.replaceState(history.state, "", address);
  }

  tree.addEventListener("click", (event) => {
    const tick = event.target.closest("[data-toggle]");
    if (tick) {
      event.preventDefault();
      toggle(tick);
    }
  });
  tree.addEventListener("keydown", (event) => {
    if (event.key === " " && event.target.matches("[data-toggle]")) {
      event.preventDefault();
      toggle(event.target);
    }
  });

  // The numbers that the chart shows, at most 500 rows; without a chart the server's summary opens.
  function numbers(figure) {
    const details = figure.querySelector("details.data");
    details.open = !details.open;
    const chart = window.scalars?.charts.get(figure);
    if (!details.open || !chart) return;
    const { xs, smoothed } = chart.shape;
    const every = Math.ceil(xs.length / 500);
    const table = document.createElement("table");
    table.className = "t";
    const row = (cells, kind) => {
      const line = document.createElement("tr");
      for (const text of cells) {
        const cell = document.createElement(kind);
        cell.className = "num";
        cell.textContent = text;
        line.append(cell);
      }
      return line;
    };
    const head = document.createElement("thead");
    const axis = { iter: "Iteration", rel: "Relative", wall: "Time" }[document.querySelector("[data-charts]").dataset.x];
    head.append(row([axis, ...chart.data.series.map((one) => one.name)], "th"));
    const body = document.createElement("tbody");
    xs.forEach((x, at) => {
      if (at % every === 0 || at === xs.length - 1) body.append(row([window.scalars.xText(x), ...smoothed.map((column) => window.scalars.value(column[at]))], "td"));
    });
    table.append(head, body);
    details.querySelector("[data-numbers]")?.remove();
    const wrap = document.createElement("div");
    wrap.className = "tw";
    wrap.dataset.numbers = "";
    wrap.append(table);
    details.append(wrap);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-chart] [data-table]");
    if (button) numbers(button.closest("[data-chart]"));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "t" || event.ctrlKey || event.metaKey || document.documentElement.dataset.singleKeys === "off") return;
    if (event.target.closest("input:not([type=checkbox]):not([type=range]), select, textarea")) return;
    const figure = event.target.closest("[data-chart]") ?? document.querySelector("[data-chart]:hover");
    if (figure) numbers(figure);
  });
})();
