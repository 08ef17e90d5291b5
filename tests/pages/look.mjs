// Opens every page of the gallery in both themes and two sizes, takes its picture, and checks what pictures do not show:
// no sideways overflow, no content-policy violation, no script error, one h1, names on all controls.
// usage: node look.mjs http://127.0.0.1:PORT OUT_DIR [name …]
import { chromium } from "playwright-core";
import { mkdirSync } from "node:fs";

const [base, out, ...only] = process.argv.slice(2);
mkdirSync(out, { recursive: true });

export const PAGES = {
  home: "/", "home-new": "/?new", login: "/login", "login-error": "/login?error",
  projects: "/projects", "projects-flat": "/projects?list=flat", "projects-none": "/projects?q=zzz",
  project: "/projects/4b7d", tasks: "/projects/4b7d/tasks", "tasks-filtered": "/projects/4b7d/tasks?status=run,ok&tag=sweep&user=u1",
  "tasks-empty": "/projects/empty/tasks", "tasks-none": "/projects/4b7d/tasks?q=nothing",
  overview: "/tasks/9f2c", "overview-failed": "/tasks/failed", "overview-empty": "/tasks/empty",
  execution: "/tasks/9f2c/execution", configuration: "/tasks/9f2c/configuration", artifacts: "/tasks/9f2c/artifacts",
  console: "/tasks/9f2c/console", "console-find": "/tasks/9f2c/console?q=allreduce", "console-empty": "/tasks/empty/console",
  scalars: "/tasks/9f2c/scalars?sm=0.6", "scalars-wall": "/tasks/9f2c/scalars?x=rel&row=2&singles=1", "scalars-empty": "/tasks/empty/scalars",
  plots: "/tasks/9f2c/plots", samples: "/tasks/9f2c/samples", trail: "/tasks/9f2c/trail",
  confirm: "/tasks/9f2c/delete", me: "/me", keys: "/me/keys", "keys-none": "/me/keys?none", "key-created": "/me/keys?created",
  preferences: "/me/preferences", "not-found": "/nowhere", failed: "/failed",
};
const SIZES = { wide: { width: 1440, height: 900 }, small: { width: 390, height: 844 } };

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--headless", "--no-sandbox", "--disable-gpu"] });
let problems = 0;
const complain = (page, text) => { problems++; console.log(`${page}: ${text}`); };

for (const [size, viewport] of Object.entries(SIZES)) {
  for (const colorScheme of ["light", "dark"]) {
    const context = await browser.newContext({ viewport, colorScheme, reducedMotion: "reduce" });
    for (const [name, path] of Object.entries(PAGES)) {
      if (only.length && !only.includes(name)) continue;
      const label = `${name}-${size}-${colorScheme}`;
      const page = await context.newPage();
      page.on("console", (message) => ["error", "warning"].includes(message.type()) && complain(label, `console: ${message.text()}`));
      page.on("pageerror", (error) => complain(label, `script: ${error}`));
      page.on("response", (answer) => answer.status() >= 400 && complain(label, `${answer.status()} ${answer.url()}`));
      await page.goto(base + path, { waitUntil: "load" });
      await page.waitForTimeout(350);
      const found = await page.evaluate(() => {
        const wrong = [];
        const root = document.documentElement;
        if (root.scrollWidth > root.clientWidth) {
          const wide = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > root.clientWidth + 1 && e.offsetParent && !e.closest(".tw, pre, .tabs, .log, .cells, .bulk"));
          wrong.push(`overflows sideways by ${root.scrollWidth - root.clientWidth}: ${wide.slice(0, 4).map((e) => e.tagName + "." + e.className).join(", ")}`);
        }
        const heads = [...document.querySelectorAll("h1")].filter((e) => e.checkVisibility());
        if (heads.length !== 1) wrong.push(`${heads.length} h1`);
        if (document.querySelector("[style]:not(.uplot, .uplot *)")) wrong.push("style attribute");
        const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
        const twice = ids.find((id, at) => ids.indexOf(id) !== at);
        if (twice) wrong.push(`id twice: ${twice}`);
        for (const use of document.querySelectorAll("use")) if (!document.querySelector(use.getAttribute("href"))) wrong.push(`symbol missing: ${use.getAttribute("href")}`);
        for (const e of document.querySelectorAll("button, a[href], input:not([type=hidden]), select, summary")) {
          if (!e.checkVisibility()) continue;
          const text = (e.getAttribute("aria-label") ?? e.textContent ?? "").trim() || e.labels?.[0]?.textContent.trim() || e.querySelector("img")?.alt;
          if (!text) wrong.push(`no name: ${e.outerHTML.slice(0, 90)}`);
          const box = e.getBoundingClientRect();
          if (box.width && e.matches("button, .b") && (box.height < 21.5 || box.width < 21.5)) wrong.push(`small target ${Math.round(box.width)}x${Math.round(box.height)}: ${e.outerHTML.slice(0, 70)}`);
        }
        return [...new Set(wrong)];
      });
      for (const text of found) complain(label, text);
      await page.screenshot({ path: `${out}/${label}.png` });
      await page.close();
    }
    await context.close();
  }
}
await browser.close();
console.log(problems ? `${problems} problems` : "no problems");
process.exitCode = problems ? 1 : 0;
