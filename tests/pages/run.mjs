// The pages in Chromium against a real server with a real run in it: tests/it/pages.rs starts both, then this.
import assert from "node:assert/strict";
import { deeds, lookAtMany, questions } from "./deeds.mjs";
import { people } from "./people.mjs";
import { queues } from "./queues.mjs";
import { vaults } from "./vaults.mjs";
import { API, OUTPUT, PASSWORD, PROJECT, SMALL, TASK, WEB, WIDE, finish, flaws, go, painted, step, visitor } from "./browser.mjs";

const page = await visitor();

async function signIn(page, password) {
  await page.fill("[name=username]", "admin");
  await page.fill("[name=password]", password);
  await page.click("button:text-is('Sign in')");
  await page.waitForLoadState("load");
}

await step("a wrong password is refused with one sentence", async () => {
  await go(page, "/projects");
  assert.equal(page.url(), `${WEB}/login?next=/projects`);
  await signIn(page, "not the password");
  assert.equal((await page.locator("[role=alert]").innerText()).trim(), "Wrong user name or password.");
  assert.equal(await page.inputValue("[name=username]"), "admin", "the name is kept");
  assert.equal(await page.inputValue("[name=password]"), "", "the password is not");
}, /401 \(Unauthorized\)/);

await step("the right one opens the page that was asked for", async () => {
  await signIn(page, PASSWORD);
  assert.equal(page.url(), `${WEB}/projects`);
  const [session] = (await page.context().cookies()).filter(({ name }) => name === "roundhouse");
  assert.ok(session?.httpOnly, "scripts can't read the session");
  assert.equal(session.sameSite, "Lax");
});

await step("project, task table, task", async () => {
  await page.click(`#p-${PROJECT} a`);
  const row = page.locator(`#t-${TASK}`);
  assert.match(await row.textContent(), /Completed/);
  assert.match(await row.textContent(), /prod-candidate/);
  const first = await row.locator("td").first().boundingBox();
  const status = await row.locator("td.stat").boundingBox();
  assert.ok(status.width > 60, `the status column has room for its word: ${status.width} px`);
  assert.ok(first.width < 60, "the first column is the one of checkboxes");
  await row.locator("a", { hasText: "yolo11m-1280" }).click();
  await page.waitForURL(`${WEB}/tasks/${TASK}`);
  assert.equal(await page.locator("h1").textContent(), "yolo11m-1280");
  assert.match(await page.locator("main").textContent(), /0\.893/);
});

/** Opens a tab of the task by its link, from wherever an earlier step may have stopped. */
async function tab(name) {
  if (!page.url().startsWith(`${WEB}/tasks/${TASK}`)) await go(page, `/tasks/${TASK}`);
  await page.click(`.tabs a:has-text('${name}')`);
}

await step("scalars: curves are drawn", async () => {
  await tab("Scalars");
  for (const metric of ["loss", "mAP50"]) {
    const canvas = page.locator(`figure[data-metric='${metric}'] .u-wrap canvas`);
    await canvas.waitFor();
    assert.ok((await painted(canvas)) > 0.005, `${metric} has a curve`);
    assert.equal(await page.locator(`figure[data-metric='${metric}'] .canvas > svg`).count(), 0, "instead of the server's drawing");
  }
  assert.match(await page.locator(".singles").textContent(), /best mAP50\s*0\.893/);
});

await step("scalars without script: the server's drawing and its numbers", async () => {
  const plain = await visitor({ javaScriptEnabled: false, storageState: await page.context().storageState() });
  await go(plain, `/tasks/${TASK}/scalars`);
  const loss = plain.locator("figure[data-metric=loss]");
  const paths = await loss.locator("svg.plot path.l").evaluateAll((all) => all.map((each) => each.getAttribute("d")));
  assert.equal(paths.length, 2, "train and val");
  for (const path of paths) assert.ok((path.match(/[ML ]\s*[\d.]+[ ,]/g) ?? []).length > 20, `a curve, not a stub: ${path.slice(0, 60)}`);
  await loss.locator("details.data summary").click();
  assert.match(await loss.locator("details.data table").textContent(), /train\s*40/);
  assert.equal(await plain.locator("[data-js]:visible").count(), 0, "nothing that needs a script is shown");
  await plain.context().close();
});

await step("console: numbered lines, colours, warnings", async () => {
  await tab("Console");
  const lines = page.locator("#lines > li");
  assert.ok((await lines.count()) >= 44);
  const text = await page.locator("#lines").innerText();
  const numbers = await page.locator("#lines > li > a").allTextContents();
  assert.deepEqual(numbers, [...new Set(numbers)], "a number stands once");
  const matrix = page.locator("#lines > li", { hasText: /^.*dent {6}5/ });
  assert.equal(await matrix.getAttribute("id"), null, "the third line of an entry has no number of its own");
  assert.match(await page.locator("#log-total").textContent(), new RegExp(`^${numbers.length} entries`));
  assert.match(text, /epoch 39: loss 0\.\d{4}/);
  assert.doesNotMatch(text, /\x1b|\[32m/, "escapes are markup, not text");
  assert.ok((await page.locator("#lines li.warn").count()) > 0, "the warning is marked");
});

await step("console: a search looks through the whole log, match by match", async () => {
  await tab("Console");
  await page.locator("#filter").fill("EPOCH 39:");
  await page.locator("#filter").press("Enter");
  await page.waitForURL(/q=EPOCH/);
  // An entry may have several lines, and all of them are marked.
  const marked = async () => (await page.locator("#lines li.mark-l").allInnerTexts()).join("\n");
  assert.match(await marked(), /epoch 39: loss/, "whatever its case, the newest match is shown");
  await page.locator("#filter").fill("^.*epoch 1[0-4]: ");
  await page.locator("[name=re]").check();
  await page.locator("#filter").press("Enter");
  await page.waitForURL(/re=1/);
  assert.match(await page.locator("label.find").innerText(), /\d+ entr/);
  const newest = await marked();
  assert.match(newest, /epoch 1[0-4]:/);
  const previous = page.locator("a[data-match=before]");
  if (await previous.count()) {
    await previous.click();
    await page.waitForURL(/line=\d+/);
    assert.match(await marked(), /epoch 1[0-4]:/);
    assert.notEqual(await marked(), newest);
    await page.locator("a[data-match=after]").click();
    await page.waitForFunction(
      (text) => [...document.querySelectorAll("#lines li.mark-l")].map((line) => line.innerText).join("\n") === text,
      newest,
    );
  }
  await page.locator("#filter").fill("(");
  await page.locator("#filter").press("Enter");
  assert.match(await page.locator("[role=alert]").innerText(), /regular expression/);
  await page.locator("#filter").fill("nowhere to be found");
  await page.locator("#filter").press("Enter");
  await page.waitForURL(/q=nowhere/);
  assert.match(await page.locator("label.find").innerText(), /0 entries/);
});

await step("plots: figures are drawn in sandboxed frames", async () => {
  await tab("Plots");
  const frames = page.locator("iframe");
  await frames.first().waitFor();
  assert.equal(await page.locator("figure.frame").count(), 2, "the figure of Plotly and the one of Matplotlib");
  assert.equal(await frames.first().getAttribute("sandbox"), "allow-scripts");
  await page.frameLocator("iframe").first().locator(".main-svg .trace, .main-svg .images image").first().waitFor({ state: "attached" });
  const cookie = await page.frames()[1].evaluate(() => { try { return document.cookie; } catch { return "denied"; } });
  assert.equal(cookie, "denied");
});

await step("samples: images are loaded", async () => {
  await tab("Debug samples");
  const images = page.locator(".cell img");
  await images.first().waitFor();
  await page.waitForFunction(() => [...document.querySelectorAll(".cell img")].every((each) => each.complete));
  const widths = await images.evaluateAll((all) => all.map((each) => each.naturalWidth));
  assert.equal(widths.length, 2);
  assert.ok(widths.every((width) => width === 160), `${widths}`);
});

await step("artifacts: listed, and can be fetched", async () => {
  await tab("Artifacts");
  const row = page.locator("tr", { hasText: "metrics" }).first();
  const link = await row.locator("a[href*='/files/']").first().getAttribute("href");
  const answer = await page.request.get(new URL(link, WEB).href);
  assert.equal(answer.status(), 200);
  assert.match(await answer.text(), /0\.893/);
});

await step("configuration and execution show what the run recorded", async () => {
  await tab("Configuration");
  assert.match(await page.locator("main").textContent(), /optimizer[\s\S]*AdamW/);
  assert.match(await page.locator("main").textContent(), /scratch/);
  await tab("Execution");
  assert.match(await page.locator("main").textContent(), /clearml/, "the packages");
});

const pair = {};
const call = (operation, body = {}) => fetch(`${API}/${operation}`, {
  method: "POST",
  headers: { "Content-Type": "application/json", Authorization: "Basic " + Buffer.from(`${pair.key}:${pair.secret}`).toString("base64") },
  body: JSON.stringify(body),
});

await step("an API key is made, shown once, and works", async () => {
  await go(page, "/me/keys");
  await page.fill("#label", "workstation");
  await page.click("button:has-text('Make a key')");
  pair.key = await page.locator("#access").textContent();
  pair.secret = await page.locator("#secret").textContent();
  const conf = await page.locator("#conf").textContent();
  for (const word of [pair.key, pair.secret, API]) assert.ok(conf.includes(word), "clearml.conf is ready to use");
  const answer = await call("users.get_current_user");
  assert.equal(answer.status, 200);
  assert.equal((await answer.json()).data.user.name, "Administrator");
  await page.check("[data-stored]");
  await page.click("button:text-is('Done')");
  assert.ok(!(await page.content()).includes(pair.secret), "the list does not show the secret");
  assert.match(await page.locator("table.keys").textContent(), /workstation/);
});

await step("a form without the session's token is refused", async () => {
  const send = (form) => page.request.post(`${WEB}/me/keys`, { form, maxRedirects: 0 });
  const count = async () => (await (await call("auth.get_credentials")).json()).data.credentials.length;
  const before = await count();
  for (const form of [{ label: "x" }, { label: "x", csrf: "" }, { label: "x", csrf: "0".repeat(64) }]) {
    assert.equal((await send(form)).status(), 403);
  }
  assert.equal(await count(), before, "nothing was made");
  await go(page, "/me/keys");
  const csrf = await page.locator("form[action='/me/keys'] [name=csrf]").inputValue();
  assert.equal((await send({ label: "with token", csrf })).status(), 200, "the token is what was missing");
  assert.equal(await count(), before + 1);
  const foreign = await page.request.post(`${WEB}/me/keys`, { form: { label: "x", csrf }, headers: { Origin: "https://elsewhere.example" } });
  assert.equal(foreign.status(), 403, "from another site not even with the token");
});

await deeds(page, call);
const made = {
  ...(await queues(page, call)), ...(await people(page, call)), ...(await vaults(page, call)),
};
let asked;
await step("tasks for the questions", async () => (asked = await questions(call)));

await step("a revoked key is worth nothing", async () => {
  await go(page, "/me/keys");
  await page.locator("tr", { hasText: "workstation" }).locator("a:has-text('Revoke')").click();
  await page.locator("dialog #confirm").waitFor();
  await page.click("dialog button:has-text('Revoke the key')");
  await page.waitForURL(/revoked=1/);
  assert.doesNotMatch(await page.locator("table.keys").textContent(), /workstation/);
  assert.equal((await call("users.get_current_user")).status, 401);
});

await step("the keyboard reaches the main controls", async () => {
  await go(page, `/projects/${PROJECT}/tasks`);
  const reached = [];
  for (let press = 0; press < 60; press++) {
    await page.keyboard.press("Tab");
    reached.push(await page.evaluate(() => {
      const at = document.activeElement;
      if (at === document.body) return { name: "", ring: true };
      const ring = getComputedStyle(at);
      return { name: (at.getAttribute("aria-label") ?? at.textContent ?? "").trim().slice(0, 60), ring: ring.outlineStyle !== "none" || at.matches("input, select") };
    }));
  }
  const names = reached.map(({ name }) => name);
  for (const wanted of ["Skip to content", "Projects", "Administrator: menu", "Tasks", "Filter by name, id or comment", "Status", "yolo11m-1280"]) {
    assert.ok(names.some((name) => name.startsWith(wanted)), `Tab reaches ${wanted}: ${[...new Set(names)].join(" | ")}`);
  }
  const blind = reached.filter(({ ring, name }) => name && !ring);
  assert.deepEqual(blind, [], "what has the focus shows it");
});

const PAGES = {
  home: "/", projects: "/projects", project: `/projects/${PROJECT}`, tasks: `/projects/${PROJECT}/tasks`,
  overview: `/tasks/${TASK}`, execution: `/tasks/${TASK}/execution`, configuration: `/tasks/${TASK}/configuration`,
  artifacts: `/tasks/${TASK}/artifacts`, console: `/tasks/${TASK}/console`, scalars: `/tasks/${TASK}/scalars`,
  plots: `/tasks/${TASK}/plots`, samples: `/tasks/${TASK}/samples`, trail: `/tasks/${TASK}/trail`,
  audit: "/admin/audit", "audit-filtered": "/admin/audit?result=refused&span=all", "audit-none": "/admin/audit?q=nothing-of-this-kind",
  confirm: `/tasks/${TASK}/delete`, me: "/me", keys: "/me/keys", preferences: "/me/preferences",
  queues: "/queues", "new-queue": "/queues/new", ...asked, ...made,
};

async function look(page, name) {
  for (const [size, viewport] of [["wide", WIDE], ["small", SMALL]]) {
    await page.setViewportSize(viewport);
    await page.waitForTimeout(250);
    const theme = await page.evaluate(() => document.documentElement.dataset.theme);
    await page.screenshot({ path: `${OUTPUT}/${name}-${size}-${theme}.png` });
    assert.deepEqual(await flaws(page), [], `${name} at ${viewport.width} px`);
  }
  await page.setViewportSize(WIDE);
}

/** Brightness of the page behind everything, 0 to 255. */
const brightness = (page) => page.evaluate(() => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
  const brush = canvas.getContext("2d");
  brush.fillStyle = getComputedStyle(document.documentElement).backgroundColor;
  brush.fillRect(0, 0, 1, 1);
  return Math.max(...brush.getImageData(0, 0, 1, 1).data.slice(0, 3));
});

for (const theme of ["Light", "Dark"]) {
  await step(`theme ${theme.toLowerCase()}: is kept, and every page fits`, async () => {
    await go(page, "/me/preferences");
    await page.getByLabel(theme, { exact: true }).check();
    await page.click("main button:has-text('Save')");
    await page.waitForLoadState("load");
    for (const [name, path] of Object.entries(PAGES)) {
      await go(page, path);
      const level = await brightness(page);
      assert.ok(theme === "Dark" ? level < 70 : level > 200, `${name}: background ${level}`);
      await look(page, name);
    }
    await lookAtMany(page, look);
  });
}

await step("an address that does not exist says so", async () => {
  const answer = await go(page, `/tasks/${"0".repeat(32)}`);
  assert.equal(answer.status(), 404);
  await look(page, "not-found");
}, /404 \(Not Found\)/);

await step("after signing out nothing is shown", async () => {
  await go(page, "/");
  const cookies = await page.context().storageState();
  await page.click(".bar summary");
  await page.click("button:has-text('Sign out')");
  await page.waitForURL(`${WEB}/login`);
  await look(page, "login");
  await go(page, `/tasks/${TASK}`);
  assert.equal(new URL(page.url()).pathname, "/login");
  const stale = await visitor({ storageState: cookies });
  await go(stale, `/tasks/${TASK}`);
  assert.equal(new URL(stale.url()).pathname, "/login", "the session ended on the server, not only in the browser");
});

await finish();
