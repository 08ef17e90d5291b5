"use strict";
// Inside a figure's frame: draws with plotly what its basic build knows, tables and heat maps (confusion matrices) by
// itself, and shows the data of everything else.
(() => {
  const place = document.getElementById("figure");
  const KNOWN = new Set(["scatter", "scattergl", "bar", "pie"]);
  const element = (name, text, parent) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    parent?.append(made);
    return made;
  };
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function say(text, figure) {
    const box = element("div", undefined, place);
    box.className = "scroll";
    element("p", text, box).className = "say";
    if (figure !== undefined) element("pre", JSON.stringify(figure, null, 1).slice(0, 20000), box);
  }

  function table(trace) {
    const box = element("div", undefined, place);
    box.className = "scroll";
    const made = element("table", undefined, box);
    made.className = "t";
    const head = element("tr", undefined, element("thead", undefined, made));
    for (const name of trace.header?.values ?? []) element("th", [name].flat().join(" "), head);
    const columns = trace.cells?.values ?? [];
    const body = element("tbody", undefined, made);
    const rows = Math.min(1000, Math.max(0, ...columns.map((column) => column.length)));
    for (let row = 0; row < rows; row++) {
      const line = element("tr", undefined, body);
      for (const column of columns) element("td", column[row] ?? "", line);
    }
  }

  function heat(trace, layout) {
    const z = (trace.z ?? []).map((row) => [...row]);
    const [rows, columns] = [z.length, Math.max(0, ...z.map((row) => row.length))];
    if (!rows || !columns || rows * columns > 10000) return say("This matrix is too large to draw here.", undefined);
    const flat = z.flat().filter(Number.isFinite);
    const [low, high] = [Math.min(...flat), Math.max(...flat)];
    const ns = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(ns, "svg");
    svg.setAttribute("class", "heat");
    const [width, height, left, bottom, top] = [640, 400, 90, 44, 30];
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const [w, h] = [(width - left - 12) / columns, (height - bottom - top) / rows];
    const put = (name, attributes, text) => {
      const made = document.createElementNS(ns, name);
      for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
      if (text !== undefined) made.textContent = text;
      svg.append(made);
      return made;
    };
    const title = layout.title?.text ?? layout.title;
    if (typeof title === "string") put("text", { x: width / 2, y: 18, "text-anchor": "middle" }, title);
    const reversed = layout.yaxis?.autorange === "reversed";
    z.forEach((row, r) => row.forEach((value, c) => {
      const share = high > low ? (value - low) / (high - low) : 0.5;
      const y = top + (reversed ? r : rows - 1 - r) * h;
      const cell = put("rect", { class: "cell", x: left + c * w, y, width: w, height: h, "fill-opacity": Number.isFinite(value) ? 0.06 + share * 0.94 : 0 });
      const tip = document.createElementNS(ns, "title");
      tip.textContent = `${trace.y?.[r] ?? r}, ${trace.x?.[c] ?? c}: ${value}`;
      cell.append(tip);
      if (rows * columns <= 400) put("text", { class: share > 0.55 ? "on" : "", x: left + (c + 0.5) * w, y: y + h / 2 + 4, "text-anchor": "middle" }, Number.isInteger(value) ? value : Number(value?.toPrecision?.(3)));
    }));
    const label = (names, count, at) => { for (let i = 0; i < count; i += Math.ceil(count / 20)) at(String(names?.[i] ?? i).slice(0, 14), i); };
    label(trace.x, columns, (text, i) => put("text", { x: left + (i + 0.5) * w, y: height - bottom + 16, "text-anchor": "middle" }, text));
    label(trace.y, rows, (text, i) => put("text", { x: left - 6, y: top + ((reversed ? i : rows - 1 - i) + 0.5) * h + 4, "text-anchor": "end" }, text));
    place.append(svg);
  }

  // The page's colours, where the figure has no will of its own.
  function plot(figure) {
    const ink = token("--ink-2"), grid = token("--grid");
    const layout = { ...figure.layout, autosize: true };
    delete layout.width;
    delete layout.height;
    delete layout.template;
    Object.assign(layout, { paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { ...layout.font, color: ink, family: token("--font"), size: 12 } });
    layout.colorway ??= [1, 2, 3, 4, 5, 6, 7, 8].map((slot) => token(`--c${slot}`));
    // Older reporters give titles as plain text.
    const titled = (part) => (typeof part?.title === "string" ? { ...part, title: { text: part.title } } : part);
    Object.assign(layout, titled(layout));
    layout.margin ??= { l: 52, r: 16, t: layout.title ? 44 : 16, b: 44 };
    for (const key of Object.keys(layout).filter((name) => /^[xy]axis/.test(name)).concat("xaxis", "yaxis")) layout[key] = { gridcolor: grid, zerolinecolor: grid, linecolor: grid, automargin: true, ...titled(layout[key]) };
    return Plotly.newPlot(place, figure.data, layout, { responsive: true, displaylogo: false, showTips: false });
  }

  try {
    const figure = JSON.parse(document.getElementById("data").textContent);
    const traces = Array.isArray(figure) ? figure : figure.data ?? [];
    const layout = figure.layout ?? {};
    const kinds = new Set(traces.map((trace) => trace.type ?? "scatter"));
    if (!traces.length && !layout.images?.length) say("This figure has no data.");
    else if (traces.length === 1 && kinds.has("table")) table(traces[0]);
    else if (traces.length === 1 && kinds.has("heatmap")) heat(traces[0], layout);
    else if ([...kinds].every((kind) => KNOWN.has(kind))) plot({ data: traces, layout }).catch(() => say("This figure could not be drawn. Its data:", figure));
    else say(`A figure of type ${[...kinds].filter((kind) => !KNOWN.has(kind)).join(", ")} cannot be drawn here yet. Its data:`, figure);
  } catch {
    say("The data of this figure is not valid.");
  }
})();
