"use strict";
// Replaces the server's drawing of each [data-chart] by a uPlot chart once it comes near the screen: shared cursor and
// zoom, smoothing with the raw line behind, values at the cursor in the legend. What fails leaves the drawing alone.
(() => {
  const box = document.querySelector("[data-charts]");
  if (!box || !window.uPlot) return;
  const { smooth, join, value, label, span } = window.chartMath;
  const axis = box.dataset.x;
  const charts = new Map();
  const slider = document.querySelector("[data-smooth]");
  const raw = document.querySelector("[data-raw]");
  const unzoom = document.querySelector("[data-unzoom]");
  const group = uPlot.sync("scalars");
  let zoom = /(?:^|[?&])zoom=([-\d.e+]+):([-\d.e+]+)/.exec(location.search)?.slice(1).map(Number) ?? null;

  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const colour = (slot) => token(`--c${((slot - 1) % 8) + 1}`);
  const dash = (slot) => [undefined, [6, 3], [2, 3], [8, 3, 2, 3]][Math.min(3, Math.floor((slot - 1) / 8))];
  const two = (n) => String(n).padStart(2, "0");
  function xText(x) {
    if (axis === "iter") return label(x);
    if (axis === "rel") return span(x);
    const d = new Date(x);
    return `${d.getDate()} ${d.toLocaleString("en", { month: "short" })} ${two(d.getHours())}:${two(d.getMinutes())}`;
  }

  function lines(data) {
    const weight = Number(slider?.value ?? 0);
    const [xs, ...columns] = join(data.series);
    const smoothed = weight > 0 ? columns.map((column) => smooth(column, weight)) : columns;
    const behind = weight > 0 && raw?.checked !== false;
    return { xs, smoothed, raw: behind ? columns : [], behind };
  }

  function options(figure, data, shape, size) {
    const line = (one, width, alpha) => ({ label: one.name, stroke: colour(one.slot), width, alpha, dash: dash(one.slot), spanGaps: false, points: { show: one.x.length === 1, size: 4 } });
    const log = figure.dataset.log === "true";
    const grid = { stroke: token("--grid"), width: 1 };
    const font = "10.5px " + token("--font");
    const ticks = { show: false };
    // Logarithmic axes: 1, 2 and 5 of a decade, above three decades only the decades.
    const filter = !log ? undefined : (u, splits) => {
      const wide = Math.log10(u.scales.y.max / u.scales.y.min) >= 3;
      return splits.map((v) => (wide ? [1] : [1, 2, 5]).includes(Math.round(v / 10 ** Math.floor(Math.log10(v) + 1e-9))) ? v : null);
    };
    return {
      ...size, legend: { show: false }, padding: [8, 12, 0, 0],
      cursor: { sync: { key: group.key, setSeries: false }, y: false, drag: { x: true, y: false, setScale: false }, points: { size: 6, width: 1.5 } },
      scales: { x: { time: false }, y: { distr: log ? 3 : 1, range: log ? undefined : (u, lo, hi) => uPlot.rangeNum(lo ?? 0, hi ?? 1, 0.06, true) } },
      axes: [
        { stroke: token("--ink-3"), font, grid: { show: false }, ticks, size: 22, gap: 4, space: 56, values: (u, all) => all.map((x) => x == null ? "" : xText(x)) },
        { stroke: token("--ink-3"), font, grid: filter ? { ...grid, filter } : grid, ticks, ...(filter && { filter }), size: 40, gap: 6, space: 34, values: (u, all) => all.map((y) => y == null ? "" : label(y)) },
      ],
      series: [{}, ...(shape.behind ? data.series.map((one) => line(one, 1, 0.28)) : []), ...data.series.map((one) => line(one, 1.6, 1))],
      hooks: {
        setCursor: [(u) => legend(figure, u, data, shape)],
        setSelect: [(u) => {
          if (u.select.width < 4) return;
          setZoom([u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x")]);
          u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        }],
      },
    };
  }

  function legend(figure, u, data, shape) {
    data.series.forEach((one, index) => {
      const cell = figure.querySelector(`[data-value="${CSS.escape(one.name)}"]`);
      if (!cell) return;
      let at = u.cursor.idx;
      const column = shape.smoothed[index];
      if (at == null) return void (cell.textContent = value(one.y[one.y.length - 1] ?? NaN));
      while (at >= 0 && column[at] == null) at--;
      cell.textContent = value(column[at]);
    });
    const hint = document.querySelector("[data-hint]");
    const x = u.cursor.idx == null ? null : shape.xs[u.cursor.idx];
    if (hint && x != null && u.cursor.event) hint.firstChild.textContent = `Cursor at ${axis === "iter" ? "iteration " : ""}${xText(x)}. Drag to zoom, double-click for the whole range; all charts follow. `;
  }

  function setZoom(range) {
    zoom = range;
    for (const { plot, shape } of charts.values()) {
      const [lo, hi] = zoom ?? [shape.xs[0], shape.xs[shape.xs.length - 1]];
      if (lo < hi) plot.setScale("x", { min: lo, max: hi });
    }
    if (unzoom) unzoom.hidden = !zoom;
    const address = new URL(location);
    if (zoom) address.searchParams.set("zoom", zoom.map((x) => Number(x.toPrecision(7))).join(":"));
    else address.searchParams.delete("zoom");
    history.replaceState(history.state, "", address);
  }

  function draw(figure, data) {
    const canvas = figure.querySelector(".canvas");
    const size = { width: canvas.clientWidth, height: canvas.clientHeight };
    if (!size.width || !data.series.some((one) => one.x.length)) return;
    charts.get(figure)?.plot.destroy();
    const shape = lines(data);
    canvas.replaceChildren();
    const plot = new uPlot(options(figure, data, shape, size), [shape.xs, ...shape.raw, ...shape.smoothed], canvas);
    plot.over.addEventListener("dblclick", () => setZoom(null));
    charts.set(figure, { plot, data, shape });
    if (zoom) plot.setScale("x", { min: zoom[0], max: zoom[1] });
  }

  async function load(figure) {
    const headers = figure.dataset.etag ? { "If-None-Match": figure.dataset.etag } : {};
    const answer = await fetch(`${figure.dataset.src}&points=${figure.clientWidth}`, { headers, cache: "no-store" });
    if (answer.status === 304 || !answer.ok) return;
    figure.dataset.etag = answer.headers.get("ETag") ?? "";
    draw(figure, await answer.json());
  }

  const near = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      target.toggleAttribute("data-near", isIntersecting);
      if (isIntersecting && !charts.has(target)) load(target).catch(() => {});
    }
  }, { rootMargin: "400px" });
  for (const figure of box.querySelectorAll("[data-chart]")) near.observe(figure);

  const redraw = () => charts.forEach(({ data }, figure) => draw(figure, data));
  slider?.addEventListener("input", () => {
    document.querySelector("[data-smooth-value]").textContent = Number(slider.value).toFixed(2);
    redraw();
  });
  slider?.addEventListener("change", () => {
    const address = new URL(location);
    if (Number(slider.value)) address.searchParams.set("sm", Number(slider.value).toFixed(2));
    else address.searchParams.delete("sm");
    history.replaceState(history.state, "", address);
  });
  raw?.addEventListener("change", redraw);
  unzoom?.addEventListener("click", () => setZoom(null));
  document.querySelector("[data-log]")?.addEventListener("change", (event) => event.target.form.requestSubmit());
  addEventListener("resize", () => charts.forEach(({ plot }, figure) => {
    const canvas = figure.querySelector(".canvas");
    plot.setSize({ width: canvas.clientWidth, height: canvas.clientHeight });
  }));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  // New values in the tree mean new points; charts out of sight catch up when they come near.
  document.addEventListener("live:merged", () => {
    for (const figure of charts.keys()) if (figure.hasAttribute("data-near") && !figure.matches(":hover")) load(figure).catch(() => {});
  });
  window.scalars = { charts, value, xText };
})();
