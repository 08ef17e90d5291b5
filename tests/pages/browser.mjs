// Chromium for the tests of the pages. Every page that is opened here is watched: what a person would not see, but must
// not happen, fails the step at whose end it is found.
import { chromium } from "playwright-core";
import { mkdirSync } from "node:fs";

const setting = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; tests/it/pages.rs starts this with everything it needs`);
  return value;
};
export const WEB = setting("ROUNDHOUSE_WEB");
export const API = setting("ROUNDHOUSE_API");
export const PASSWORD = setting("ROUNDHOUSE_PASSWORD");
export const TASK = setting("ROUNDHOUSE_TASK");
export const PROJECT = setting("ROUNDHOUSE_PROJECT");
export const OUTPUT = setting("ROUNDHOUSE_OUTPUT");
export const WIDE = { width: 1440, height: 900 };
export const SMALL = { width: 390, height: 844 };
mkdirSync(OUTPUT, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu"],
});
let problems = [];
let failed = 0;

/** A browser of its own: no cookies but those of `options.storageState`. */
export async function visitor(options = {}) {
  const context = await browser.newContext({ viewport: WIDE, reducedMotion: "reduce", ...options });
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) =>
      console.error(`content policy: ${event.violatedDirective} refused ${event.blockedURI || "inline"}`));
  });
  context.on("request", (request) => {
    const url = new URL(request.url());
    const ours = url.origin === WEB || ["data:", "blob:", "about:"].includes(url.protocol);
    if (!ours) problems.push(`a request went to another host: ${url}`);
  });
  context.on("console", (message) => {
    if (message.type() === "error") problems.push(`console: ${message.text()} (${message.location().url})`);
  });
  context.on("weberror", (error) => problems.push(`script: ${error.error()}`));
  const page = await context.newPage();
  page.setDefaultTimeout(15000);
  return page;
}

/** Drops the problems that a step provoked on purpose; fails when there were none. */
function expected(pattern) {
  const before = problems.length;
  problems = problems.filter((text) => !pattern.test(text));
  if (problems.length === before) throw new Error(`nothing of the kind ${pattern} was noticed`);
}

/** One thing that must hold. A failure does not keep the later ones from being looked at. `provoked` is what the browser
 * complains of in this step on purpose: it must. */
export async function step(name, run, provoked) {
  const begun = Date.now();
  try {
    await run();
    if (provoked) expected(provoked);
    if (problems.length) throw new Error(problems.join("\n      "));
    console.log(`ok    ${name} (${Date.now() - begun} ms)`);
  } catch (error) {
    failed++;
    console.log(`FAIL  ${name}\n      ${error.stack ?? error}`);
  }
  problems = [];
}

/** Opens a path of ours. */
export const go = (page, path) => page.goto(WEB + path, { waitUntil: "load" });

/** What is wrong with the page as it is laid out now; nothing is good. */
export function flaws(page) {
  return page.evaluate(() => {
    const wrong = [];
    const root = document.documentElement;
    const own = ".tw, pre, .tabs, .log, .cells, .bulk";
    if (root.scrollWidth > root.clientWidth) {
      const wide = [...document.querySelectorAll("body *")].filter((each) =>
        each.getBoundingClientRect().right > root.clientWidth + 1 && each.checkVisibility() && !each.closest(own));
      const names = wide.slice(0, 4).map((each) => `${each.tagName}.${each.getAttribute("class")}`);
      wrong.push(`overflows sideways by ${root.scrollWidth - root.clientWidth} px: ${names.join(", ")}`);
    }
    const heads = [...document.querySelectorAll("h1")].filter((each) => each.checkVisibility()).length;
    if (heads !== 1) wrong.push(`${heads} h1`);
    const ids = [...document.querySelectorAll("[id]")].map((each) => each.id);
    const twice = ids.find((id, at) => ids.indexOf(id) !== at);
    if (twice) wrong.push(`the id ${twice} stands twice`);
    for (const use of document.querySelectorAll("use")) {
      if (!document.querySelector(use.getAttribute("href"))) wrong.push(`no symbol ${use.getAttribute("href")}`);
    }
    for (const each of document.querySelectorAll("button, a[href], input:not([type=hidden]), select, summary")) {
      if (!each.checkVisibility()) continue;
      const text = (each.getAttribute("aria-label") ?? each.textContent ?? "").trim() || each.labels?.[0]?.textContent.trim() || each.querySelector("img")?.alt;
      if (!text) wrong.push(`no name: ${each.outerHTML.slice(0, 90)}`);
    }
    return [...new Set(wrong)];
  });
}

/** How much of a canvas is painted, 0 to 1. */
export const painted = (canvas) => canvas.evaluate((each) => {
  const { data } = each.getContext("2d").getImageData(0, 0, each.width, each.height);
  let count = 0;
  for (let at = 3; at < data.length; at += 4) if (data[at] > 0) count++;
  return count / (data.length / 4);
});

/** Ends the run; the exit code tells whether all held. */
export async function finish() {
  await browser.close();
  console.log(failed ? `${failed} steps failed` : "all steps passed");
  process.exitCode = failed ? 1 : 0;
}
