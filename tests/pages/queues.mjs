// Queues and workers: what waits, in which order, and who works.
import assert from "node:assert/strict";
import { PROJECT, WEB, go, step } from "./browser.mjs";

/** `call` is the API as the same person; `page` is signed i Answers further pages to look at. */
export async function queues(page, call) {
  const api = async (operation, body) => {
    const answer = await call(operation, body);
    const reply = await answer.json();
    assert.equal(answer.status, 200, `${operation}: ${reply.meta.result_msg}`);
    return reply.data;
  };
  const notice = () => page.locator("main > .note").first().innerText();
  const confirm = async (fill = async () => {}) => {
    const dialog = page.locator("dialog #confirm");
    await dialog.waitFor();
    await fill(dialog);
    await Promise.all([page.waitForNavigation(), dialog.locator("footer button").click()]);
  };
  const order = async (queue) => (await api("queues.get_by_id", { queue })).queue.entries.map((entry) => entry.task);
  const ids = {};
  const pages = {};
  let queue;

  await step("a queue is made, and a name that is taken is refused", async () => {
    await go(page, "/queues");
    await page.click("text=New queue");
    await confirm((dialog) => dialog.locator("[name=name]").fill("gpu pool"));
    assert.equal(await page.locator("h1").textContent(), "gpu pool");
    queue = new URL(page.url()).pathname.split("/").pop();
    assert.match(await page.locator("main").innerText(), /clearml-agent daemon --queue 'gpu pool'/);
    await go(page, "/queues/new");
    await page.fill("[name=name]", "gpu pool");
    await page.click("main #confirm footer button");
    assert.match(await page.locator("main [role=alert]").innerText(), /exists already/);
    assert.equal(await page.inputValue("[name=name]"), "gpu pool", "what was typed is kept");
  }, /422 \(Unprocessable/);

  await step("what waits is moved up and taken out", async () => {
    for (const name of ["first", "second", "third"]) {
      ids[name] = (await api("tasks.create", { name, type: "training", project: PROJECT })).id;
      await api("tasks.enqueue", { task: ids[name], queue });
    }
    await go(page, "/queues");
    assert.equal(await page.locator("#chosen h2").innerText(), "Waiting in gpu pool", "the longest queue is shown first");
    await Promise.all([page.waitForNavigation(), page.locator(`#e-${ids.third} button[name=up]`).click()]);
    assert.deepEqual(await order(queue), [ids.first, ids.third, ids.second]);
    assert.match(await notice(), /^Now at place 2\./);
    await go(page, `/queues/${queue}`);
    await Promise.all([page.waitForNavigation(), page.locator(`#e-${ids.second} button[name=front]`).click()]);
    await Promise.all([page.waitForNavigation(), page.locator(`#e-${ids.second} button[name=down]`).click()]);
    assert.deepEqual(await order(queue), [ids.first, ids.second, ids.third]);
    await page.locator(`#e-${ids.second} a[aria-label^=Remove]`).click();
    await confirm((dialog) => dialog.getByText("Remove second from gpu pool?").waitFor());
    assert.deepEqual(await order(queue), [ids.first, ids.third]);
    assert.equal((await api("tasks.get_by_id", { task: ids.second })).task.status, "created");
  });

  await step("a worker shows with its task, its load and its charts", async () => {
    await api("queues.get_next_task", { queue });
    await api("tasks.started", { task: ids.first, force: true });
    const worker = "yard-1:gpu0,1";
    await api("workers.register", { worker, queues: [queue] });
    for (const minute of [3, 2, 1, 0]) {
      await api("workers.status_report", {
        worker, task: ids.first, queue, queues: [queue], timestamp: Date.now() - 60000 * minute,
        machine_stats: { gpu_usage: [90 - minute, 40], cpu_usage: [10 + minute], memory_used: 1024, memory_free: 3072 },
      });
    }
    await go(page, "/queues");
    const row = page.locator("#workers tr", { hasText: worker });
    assert.match(await row.innerText(), /first/);
    assert.equal(await row.locator("svg[role=img]").getAttribute("aria-label"), "GPU use 90, 40 percent");
    assert.match(await row.innerText(), /1\.0 \/ 4\.0.GB/);
    assert.match(await page.locator("#facts").innerText(), /Running\s*1 of 1 worker\b[\s\S]*GPUs busy\s*2 of 2/);
    assert.match(await page.locator(`#q-${queue}`).innerText(), /gpu pool\s+1\s+1/);
    await page.click(".seg a:has-text('Idle')");
    await page.waitForURL(/show=idle/);
    assert.match(await page.locator("#workers").innerText(), /No worker is idle/);
    await page.click(".seg a:has-text('Busy')");
    await page.waitForURL(/show=busy/);
    await page.click(`text=${worker}`);
    await page.waitForURL(`${WEB}/workers/**`);
    const gpu = page.locator("figure", { hasText: "GPU use" });
    assert.equal(await gpu.locator("svg.plot path.l").count(), 2, "one curve for each processor");
    assert.ok((await page.locator("figure svg.plot").count()) >= 3);
    await page.click(".seg a:has-text('Week')");
    await page.waitForURL(/span=7d/);
    pages.worker = new URL(page.url()).pathname;
  });

  await step("clearing and deleting say what is affected", async () => {
    await go(page, `/queues/${queue}`);
    await page.click("text=Clear");
    await confirm(async (dialog) => assert.match(await dialog.innerText(), /This task leaves the queue[\s\S]*third/));
    assert.deepEqual(await order(queue), []);
    await page.click("text=Rename");
    await confirm((dialog) => dialog.locator("[name=name]").fill("gpu reserve"));
    assert.equal(await page.locator("h1").textContent(), "gpu reserve");
    await page.click("main .acts >> text=Delete");
    await confirm();
    assert.equal(page.url(), `${WEB}/queues`);
    assert.equal((await call("queues.get_by_id", { queue })).status, 400);
    assert.equal((await go(page, `/queues/${queue}`)).status(), 404);
  }, /404 \(Not Found\)/);

  const other = (await api("queues.get_all", { name: "^default$", only_fields: ["id"] })).queues[0].id;
  await api("tasks.enqueue", { task: ids.third, queue: other });
  return { ...pages, queue: `/queues/${other}` };
}
