// Uses the gallery as a person would: selects, filters, follows, zooms, and does without script.
// usage: node behave.mjs http://127.0.0.1:PORT
import { chromium } from "playwright-core";
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";

const base = process.argv[2];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--headless", "--no-sandbox", "--disable-gpu"] });
let failed = 0;

async function test(name, path, run, options = {}) {
  const { offline, ...settings } = options;
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...settings });
  const page = await context.newPage();
  page.setDefaultTimeout(10000);
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  try {
    await page.goto(base + path);
    await run(page);
    assert.deepEqual(errors.filter((text) => !options.offline || !text.includes("ERR_FAILED")), []);
    console.log(`ok    ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAIL  ${name}: ${error.message}`);
  }
  await context.close();
}

await test("selection: shift, bulk bar, clear", "/projects/4b7d/tasks", async (page) => {
  const box = (nth) => page.locator("tbody input[name=task]").nth(nth);
  assert.equal(await page.locator("[data-bulk]").isVisible(), false);
  await box(1).click();
  await box(4).click({ modifiers: ["Shift"] });
  assert.equal(await page.locator("[data-selected]").textContent(), "4 selected");
  await page.locator("[data-bulk] button", { hasText: "Delete" }).click();
  await page.locator("dialog #confirm").waitFor();
  assert.equal(await page.locator("dialog h1").textContent(), "Delete 3 tasks?");
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("dialog").count(), 0);
  await page.locator("[data-clear]").click();
  assert.equal(await page.locator("[data-bulk]").isVisible(), false);
});

await test("keys: j moves the focus, x selects, f filters, none act in inputs", "/projects/4b7d/tasks", async (page) => {
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("x");
  assert.equal(await page.locator("tr[data-sel]").count(), 1);
  assert.equal(await page.evaluate(() => document.activeElement.closest("tr") === document.querySelector("tr[data-sel]")), true);
  await page.keyboard.press("f");
  await page.keyboard.type("x");
  assert.equal(await page.inputValue("#filter"), "x");
  assert.equal(await page.locator("[data-selected]").textContent(), "1 selected");
});

await test("filter: rows follow the words, focus and selection stay, the address tells", "/projects/4b7d/tasks", async (page) => {
  await page.locator("tbody input[name=task]").nth(1).click();
  const before = await page.locator("tbody tr").count();
  await page.locator("#filter").pressSequentially("rtdetr", { delay: 20 });
  await page.waitForFunction((n) => document.querySelectorAll("tbody tr").length < n, before);
  assert.equal(await page.evaluate(() => document.activeElement.id), "filter");
  assert.match(page.url(), /\?.*q=rtdetr/);
  assert.match(await page.locator("[data-selected]").textContent(), /^1 selected/);
  assert.equal(await page.locator("tr[data-sel]").count(), 1);
  await page.goBack();
  await page.waitForFunction((n) => document.querySelectorAll("tbody tr").length === n, before);
});

await test("status menu stays open while choosing", "/projects/4b7d/tasks", async (page) => {
  await page.locator(".filters summary").click();
  await page.locator(".filters .menu input[value=bad]").click();
  await page.locator(".chip b", { hasText: "Status" }).waitFor();
  assert.equal(await page.locator(".filters .menu").isVisible(), true);
  assert.equal(await page.locator(".filters .menu input[value=bad]").isChecked(), true);
});

await test("sorting: header link, aria-sort, no reload", "/projects/4b7d/tasks", async (page) => {
  await page.evaluate(() => { window.same = true; });
  await page.locator("th a", { hasText: "Name" }).click();
  await page.waitForURL(/sort=name/);
  await page.locator("th[aria-sort=ascending]").waitFor();
  assert.equal(await page.evaluate(() => window.same), true);
});

await test("live: a tick without news is a 304, news changes rows in place", "/projects/4b7d/tasks", async (page) => {
  await page.locator("tbody input[name=task]").nth(2).click();
  const asked = [];
  page.on("response", (answer) => answer.request().headers()["x-live"] && asked.push(answer.status()));
  await page.waitForTimeout(5400);
  await page.route("**/tasks", async (route) => {
    const answer = await route.fetch({ headers: { ...route.request().headers(), "if-none-match": "" } });
    const body = (await answer.text()).replace(/data-v="[0-9a-f]+"/, 'data-v="new"').replaceAll("lr-sweep #00", "lr-sweep renamed")
      .replace("<tr role=\"row\" id=\"t-", "<tr role=\"row\" id=\"t-unseen\" data-v=\"1\"><td>new</td></tr><tr role=\"row\" id=\"t-");
    await route.fulfill({ response: answer, body });
  });
  await page.waitForTimeout(5600);
  await page.unroute("**/tasks");
  assert.equal(await page.locator("td.name a").first().textContent(), "yolo11m-1280-lr-sweep renamed");
  assert.equal(await page.locator("[data-new] button").textContent(), "Show 1 new row");
  assert.equal(await page.locator("tr[data-sel]").count(), 1, "the selection stays");
  assert.equal(await page.locator("#t-unseen").count(), 0, "new rows wait");
  await page.waitForTimeout(10500);
  assert.ok(asked.includes(304), `answers: ${asked}`);
});

await test("connection lost: a bar says so, and goes when it is back", "/tasks/9f2c", async (page) => {
  await page.route("**/tasks/9f2c", (route) => route.abort());
  await page.locator("#lost").waitFor({ timeout: 20000 });
  assert.match(await page.locator("#lost span").textContent(), /Connection lost\. The numbers on this page are \d+ s old\./);
  await page.unroute("**/tasks/9f2c");
  await page.locator("[data-retry]").click();
  await page.locator("#lost").waitFor({ state: "hidden" });
}, { offline: true });

await test("charts: cursor and zoom are shared, smoothing is in the address, T shows numbers", "/tasks/9f2c/scalars", async (page) => {
  await page.locator(".u-over").nth(5).waitFor();
  const over = page.locator(".u-over").first();
  const box = await over.boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + 40);
  const values = await page.locator("figure").nth(1).locator("[data-value]").allTextContents();
  assert.notEqual(values[0], "0.9177", "the second chart's legend follows the cursor in the first");
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.8, box.y + 40, { steps: 4 });
  await page.mouse.up();
  assert.match(page.url(), /zoom=\d/);
  const range = await page.evaluate(() => [...window.scalars.charts.values()].map(({ plot }) => [plot.scales.x.min, plot.scales.x.max].map(Math.round).join()));
  assert.equal(new Set(range).size, 1, `one range: ${range}`);
  await page.locator("[data-unzoom]").click();
  assert.doesNotMatch(page.url(), /zoom=/);
  await page.locator("[data-smooth]").fill("0.8");
  assert.match(page.url(), /sm=0\.80/);
  await page.locator("figure").first().focus();
  await page.keyboard.press("t");
  assert.ok((await page.locator("figure").first().locator("[data-numbers] tbody tr").count()) > 50);
});

await test("metric tree: hides a chart and remembers it in the address", "/tasks/9f2c/scalars", async (page) => {
  await page.locator("[data-toggle='val/precision, recall']").click();
  assert.equal(await page.locator("figure[data-metric='val/precision, recall']").isVisible(), false);
  await page.reload();
  assert.equal(await page.locator("figure[data-metric='val/precision, recall']").isVisible(), false);
  assert.equal(await page.locator("figure[data-metric='loss']").isVisible(), true);
});

await test("console: follows the end, stops when one scrolls, finds", "/tasks/9f2c/console", async (page) => {
  const atEnd = () => page.evaluate(() => { const l = document.querySelector(".log"); return l.scrollHeight - l.scrollTop - l.clientHeight < 40; });
  assert.equal(await atEnd(), true);
  await page.locator(".log").hover();
  await page.mouse.wheel(0, -400);
  await page.waitForFunction(() => document.querySelector("[data-follow]").getAttribute("aria-pressed") === "false");
  await page.keyboard.press("End");
  assert.equal(await atEnd(), true);
  await page.locator("#filter").fill("epoch  4");
  await page.keyboard.press("Enter");
  await page.locator("mark.cur").waitFor();
  const first = await page.locator("mark.cur").evaluate((e) => e.closest("li").id);
  await page.locator(".log").focus();
  await page.keyboard.press("n");
  assert.notEqual(await page.locator("mark.cur").evaluate((e) => e.closest("li").id), first);
});

await test("plots: sandboxed frames, drawn, at most four", "/tasks/9f2c/plots", async (page) => {
  await page.waitForTimeout(2500);
  const sandbox = await page.locator("iframe").first().getAttribute("sandbox");
  assert.equal(sandbox, "allow-scripts");
  assert.ok((await page.locator("iframe").count()) <= 4);
  await page.frameLocator("iframe").first().locator(".main-svg").first().waitFor();
  assert.equal(await page.frames()[1].evaluate(() => { try { return document.cookie; } catch { return "denied"; } }), "denied");
  await page.locator("figure").last().scrollIntoViewIfNeeded();
  await page.waitForTimeout(1500);
  assert.ok((await page.locator("iframe").count()) <= 4);
});

await test("samples: the viewer steps through iterations", "/tasks/9f2c/samples", async (page) => {
  await page.locator("[data-view]").first().click();
  assert.match(await page.locator(".viewer span").textContent(), /iteration 60$/);
  await page.keyboard.press("ArrowRight");
  assert.match(await page.locator(".viewer span").textContent(), /labels, iteration 50$/);
  await page.keyboard.press("ArrowDown");
  assert.match(await page.locator(".viewer span").textContent(), /predictions, iteration 50$/);
  await page.keyboard.press("Escape");
  assert.equal(await page.locator(".viewer").isVisible(), false);
});

await test("key: copy says so, leaving asks, the file downloads", "/me/keys?created", async (page) => {
  await page.locator("[data-copy-from=secret]").click();
  await page.locator("#announce", { hasText: /Copied|refused/ }).waitFor({ state: "attached" });
  const [file] = await Promise.all([page.waitForEvent("download"), page.locator("a[download]").click()]);
  assert.equal(file.suggestedFilename(), "clearml.conf");
  const asked = new Promise((resolve) => page.once("dialog", (dialog) => { resolve(dialog.type()); dialog.accept(); }));
  page.locator(".side a").first().click().catch(() => {});
  assert.equal(await asked, "beforeunload");
});

await test("menus: open by keyboard, close by Escape", "/tasks/9f2c", async (page) => {
  await page.locator(".acts summary").focus();
  await page.keyboard.press("Enter");
  assert.equal(await page.locator(".acts .menu").isVisible(), true);
  await page.keyboard.press("Escape");
  assert.equal(await page.locator(".acts .menu").isVisible(), false);
  await page.locator(".bar summary").click();
  await page.locator("[data-keys]").click();
  assert.equal(await page.locator("dialog h1").textContent(), "Keys");
});

const unscripted = { javaScriptEnabled: false };
await test("without script: sign-in, filter, charts, log, questions", "/login", async (page) => {
  assert.equal(await page.locator("form[method=post] [name=password]").isVisible(), true);
  await page.goto(base + "/projects/4b7d/tasks");
  await page.locator("#filter").fill("rtdetr");
  await page.locator("button", { hasText: "Apply" }).click();
  assert.match(page.url(), /q=rtdetr/);
  assert.equal(await page.locator("[data-js]:visible").count(), 0);
  await page.goto(base + "/tasks/9f2c/scalars?sm=0.6");
  assert.equal(await page.locator("svg.plot path.l").count() >= 12, true);
  assert.equal(await page.locator(".data summary").first().isVisible(), true);
  await page.goto(base + "/tasks/9f2c/console");
  assert.ok((await page.locator("#lines li").count()) > 50);
  await page.goto(base + "/tasks/9f2c");
  await page.locator(".acts a", { hasText: "Abort" }).click();
  assert.equal(await page.locator("#confirm").isVisible(), true);
}, unscripted);

// Compressed sizes of the pages (UX section 8), in kB.
for (const [path, most] of [["/login", 6], ["/projects", 20], ["/projects/4b7d/tasks", 20], ["/tasks/9f2c/scalars?sm=0.6", 30], ["/tasks/9f2c/console", 30], ["/tasks/9f2c/plots", 10], ["/me/keys", 25]]) {
  const size = gzipSync(await (await fetch(base + path)).text(), { level: 6 }).length / 1000;
  if (size > most) failed++;
  console.log(`${size > most ? "FAIL" : "ok  "}  ${path}: ${size.toFixed(1)} of ${most} kB`);
}
await browser.close();
process.exitCode = failed ? 1 : 0;
