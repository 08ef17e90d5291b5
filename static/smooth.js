"use strict";
// Numbers for charts: the same rules as the server's (render/chart.rs and render/number.rs).
window.chartMath = {
  // Bias-corrected exponential mean; gaps pass through and leave the mean alone.
  smooth(values, weight) {
    let mean = 0, seen = 0;
    return values.map((y) => {
      if (y == null) return y;
      seen++;
      mean = mean * weight + (1 - weight) * y;
      return mean / (1 - weight ** seen);
    });
  },
  // One ascending x axis for several series; a value that a series lacks is null, which lines bridge, never a gap.
  join(series) {
    const xs = [...new Set(series.flatMap((one) => one.x))].sort((a, b) => a - b);
    const at = new Map(xs.map((x, index) => [x, index]));
    const columns = series.map((one) => {
      const column = new Array(xs.length).fill(undefined);
      one.x.forEach((x, index) => { column[at.get(x)] = one.y[index]; });
      return column;
    });
    return [xs, ...columns];
  },
  value(v) {
    if (v == null) return "–";
    if (Number.isNaN(v)) return "NaN";
    const a = Math.abs(v);
    let text;
    if (a === 0) text = "0";
    else if (a < 0.001 || a >= 1e9) text = a.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e").replace("-", "−");
    else if (Number.isInteger(a)) text = a.toLocaleString("en").replaceAll(",", "\u202f");
    else text = a.toFixed(a < 10 ? 4 : a < 100 ? 3 : a < 1000 ? 2 : 1);
    return v < 0 ? "−" + text : text;
  },
  label(v) {
    const a = Math.abs(v);
    let text;
    if (a === 0) text = "0";
    else if (a < 0.001 || a >= 1e15) text = a.toExponential(1).replace(".0e", "e").replace("e+", "e").replace("-", "−");
    else if (a >= 1e4) {
      const [power, unit] = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]].find(([p]) => a >= p);
      text = Number((a / power).toFixed(2)) + "\u202f" + unit;
    } else text = String(Number(a.toFixed(6)));
    return v < 0 ? "−" + text : text;
  },
  span(s) {
    if (s < 60) return Math.round(s) + "\u202fs";
    if (s < 3600) return Math.round(s / 60) + "\u202fmin";
    if (s < 86400) return Number((s / 3600).toFixed(1)) + "\u202fh";
    return Number((s / 86400).toFixed(1)) + "\u202fd";
  },
};
