// What can be done with tasks: from the head of one, and with several of the table.
import assert from "node:assert/strict";
import { OUTPUT, PROJECT, TASK, WEB, flaws, go, step } from "./browser.mjs";

function helpers(call) {
  const api = async (operation, body) => {
    const answer = await call(operation, body);
    const reply = await answer.json();
    assert.equal(answer.status, 200, `${operation}: ${reply.meta.result_msg}`);
    return reply.data;
  };
  const draft = async (name) => (await api("tasks.create", { name, type: "training", project: PROJECT })).id;
  return { api, draft };
}

/** `call` is the API as the same person; `page` is signed in. */
export async function deeds(page, call) {
  const { api, draft } = helpers(call);
  const stored = async (id) => (await api("tasks.get_by_id", { task: id })).task;
  const notice = () => page.locator("main > .note").first().innerText();

  /** Presses an action of the head, in the menu where it is there, and answers the dialog. */
  async function press(verb, fill = async () => {}) {
    const near = page.locator(".acts > a", { hasText: verb });
    if (!(await near.count())) await page.locator(".acts summary").click();
    await page.locator(".acts a", { hasText: verb }).click();
    const dialog = page.locator("dialog #confirm");
    await dialog.waitFor();
    await fill(dialog);
    await Promise.all([page.waitForNavigation(), dialog.locator("footer button").click()]);
  }

  let id;
  await step("a draft is enqueued and taken out again", async () => {
    id = await draft("waits");
    await go(page, `/tasks/${id}`);
    await press("Enqueue", (dialog) => dialog.locator("select").selectOption({ label: "default (no agent listens)" }));
    assert.equal((await stored(id)).status, "queued");
    assert.match(await notice(), /^Enqueued\. No agent listens/);
    await page.reload();
    assert.equal(await page.locator("main > .note").count(), 0, "it is told once");
    await press("Dequeue");
    assert.equal((await stored(id)).status, "created");
  });

  await step("what is not possible is shown with its reason", async () => {
    await page.locator(".acts summary").click();
    const publish = page.locator(".acts .menu button", { hasText: "Publish" });
    assert.equal(await publish.isDisabled(), true);
    assert.match(await publish.innerText(), /A draft has no results to publish\./);
    await go(page, `/tasks/${id}/publish`);
    assert.deepEqual(await flaws(page), []);
    await page.click("main #confirm footer button");
    assert.match(await page.locator("main [role=alert]").innerText(), /A draft has no results to publish\./);
    assert.equal((await stored(id)).status, "created");
  }, /422 \(Unprocessable/);

  await step("a running task is aborted, published, cloned", async () => {
    await api("tasks.started", { task: id });
    await go(page, `/tasks/${id}`);
    await press("Abort", async (dialog) => assert.match(await dialog.innerText(), /It runs now/));
    assert.equal((await stored(id)).status, "stopped");
    await press("Publish");
    assert.equal((await stored(id)).status, "published");
    await press("Clone", (dialog) => dialog.locator("[name=name]").fill("the copy"));
    assert.equal(await page.locator("h1").textContent(), "the copy");
    const copy = await stored(new URL(page.url()).pathname.split("/").pop());
    assert.equal(copy.parent, id);
    assert.equal(copy.status, "created");
  });

  await step("archive, restore, archive, delete", async () => {
    await go(page, `/tasks/${id}`);
    await press("Archive");
    assert.ok((await stored(id)).system_tags.includes("archived"));
    await press("Restore");
    assert.ok(!(await stored(id)).system_tags.includes("archived"));
    await press("Archive");
    await press("Delete");
    assert.equal(page.url(), `${WEB}/projects/${PROJECT}/tasks`);
    assert.match(await notice(), /^waits is deleted\./);
    assert.equal((await call("tasks.get_by_id", { task: id })).status, 400);
  });

  await step("a reset makes a draft again", async () => {
    const failed = await draft("fails");
    await api("tasks.started", { task: failed });
    await api("tasks.failed", { task: failed });
    await go(page, `/tasks/${failed}`);
    await press("Reset");
    assert.equal((await stored(failed)).status, "created");
  });

  await step("several at once: counts before, counts and reasons after", async () => {
    const [one, two, runs] = [await draft("bulk one"), await draft("bulk two"), await draft("bulk runs")];
    for (const each of [two, runs]) await api("tasks.started", { task: each });
    await api("tasks.stopped", { task: two });
    const three = await draft("bulk three");
    await go(page, `/projects/${PROJECT}/tasks`);
    const bulk = async (ids, verb, fill = async () => {}) => {
      for (const each of ids) await page.check(`#t-${each} input`);
      await page.locator("[data-bulk] button", { hasText: verb }).click();
      const dialog = page.locator("dialog #confirm");
      await dialog.waitFor();
      await fill(dialog);
      await Promise.all([page.waitForNavigation(), dialog.locator("footer button").click()]);
    };
    const queue = (dialog) => dialog.locator("select").selectOption({ label: "default (no agent listens)" });
    await bulk([one, three, runs], "Enqueue", queue);
    assert.equal(await notice(), "2 enqueued, 1 refused: bulk runs (It runs already). No agent listens to this queue. "
      + "Start one with clearml-agent daemon --queue and the queue's name.");
    assert.deepEqual(await Promise.all([one, three, runs].map(async (id) => (await stored(id)).status)), ["queued", "queued", "in_progress"]);
    await bulk([one, three], "Dequeue");
    assert.equal(await notice(), "2 dequeued.");
    assert.equal((await stored(one)).status, "created");
    await bulk([one, three], "Clone");
    assert.equal(await notice(), "2 cloned.");
    const { tasks: copies } = await api("tasks.get_all", { project: [PROJECT], name: "^Clone of bulk ", only_fields: ["id", "name", "status"], order_by: ["name"] });
    assert.deepEqual(copies.map(({ name, status }) => [name, status]), [["Clone of bulk one", "created"], ["Clone of bulk three", "created"]]);
    await bulk(copies.map(({ id }) => id), "Delete");
    assert.equal(await notice(), "2 deleted.");
    await api("tasks.started", { task: three });
    await bulk([three, one], "Abort", async (dialog) => {
      assert.equal(await dialog.locator("h1").textContent(), "Abort 1 of 2 tasks?");
      assert.match(await dialog.innerText(), /It runs now/);
    });
    assert.equal(await notice(), "1 aborted, 1 refused: bulk one (It neither runs nor waits).");
    await bulk([three], "Reset", async (dialog) => assert.match(await dialog.innerText(), /Their results go for good:/));
    assert.equal(await notice(), "1 reset.");
    assert.equal((await stored(three)).status, "created");
    await bulk([two, runs], "Publish", async (dialog) => {
      assert.equal(await dialog.locator("h1").textContent(), "Publish 1 of 2 tasks?");
      assert.match(await dialog.innerText(), /1 will be refused: It has not ended yet\./);
    });
    assert.equal(await notice(), "1 published, 1 refused: bulk runs (It has not ended yet).");
    assert.equal((await stored(two)).status, "published");
    assert.equal((await stored(runs)).status, "in_progress");
    await bulk([one, runs], "Archive");
    assert.equal(await notice(), "2 archived.");
    assert.equal(await page.locator(`#t-${one}`).count(), 0);
    await page.click("#list-foot a:has-text('Show')");
    await page.locator(`#t-${one}`).waitFor();
    await bulk([one], "Restore");
    assert.match(page.url(), /archived=1/, "one stays where one was");
    await bulk([runs], "Delete", async (dialog) => {
      assert.match(await dialog.innerText(), /With them go:/);
      assert.equal(await dialog.locator("#typed").count(), 0, "it has no files");
    });
    assert.equal(await notice(), "1 deleted.");
    assert.equal((await call("tasks.get_by_id", { task: runs })).status, 400);
    assert.ok(!(await stored(one)).system_tags.includes("archived"));
  });

  await step("files are deleted only after the word is typed", async () => {
    await go(page, `/tasks/${TASK}/delete`);
    const text = await page.locator("main #confirm").innerText();
    assert.match(text, /1 artifact\n/);
    assert.match(text, /\d files on this server/);
    assert.match(text, /Only drafts and archived tasks are deleted/);
    await page.fill("#typed", "something else");
    await page.click("main #confirm footer button");
    assert.match(await page.locator("main [role=alert]").innerText(), /Type delete to confirm\. Nothing was deleted\./);
    assert.equal((await stored(TASK)).status, "completed");
  }, /422 \(Unprocessable/);
}

/** Tasks whose questions have something to tell; answers their pages, to be looked at. */
export async function questions(call) {
  const { api, draft } = helpers(call);
  const parent = await draft("parent");
  const child = (await api("tasks.create", { name: "child", type: "training", project: PROJECT, parent })).id;
  const waits = await draft("waits in the queue");
  await api("tasks.enqueue", { task: waits });
  for (const each of [parent, child]) await api("tasks.started", { task: each });
  await api("workers.status_report", { worker: "gpu-07:gpu0,1", timestamp: Date.now(), task: parent });
  return {
    "ask-abort": `/tasks/${parent}/abort`, "ask-reset": `/tasks/${parent}/reset`, "ask-clone": `/tasks/${parent}/clone`,
    "ask-enqueue": `/tasks/${(await draft("to be enqueued"))}/enqueue`, "ask-dequeue": `/tasks/${waits}/dequeue`,
    "ask-publish": `/tasks/${TASK}/publish`, "ask-archive": `/tasks/${parent}/archive`, "refused-delete": `/tasks/${parent}/delete`,
  };
}

/** The bar of the table and a question over it, as people see them. */
export async function lookAtMany(page, look) {
  await go(page, `/projects/${PROJECT}/tasks`);
  const boxes = page.locator("tbody input[name=task]");
  for (const at of [0, 1, 2]) await boxes.nth(at).check();
  await look(page, "bulk-bar");
  await page.locator("[data-bulk] button", { hasText: "Enqueue" }).click();
  await page.locator("dialog #confirm").waitFor();
  const theme = await page.evaluate(() => document.documentElement.dataset.theme);
  await page.screenshot({ path: `${OUTPUT}/bulk-dialog-${theme}.png` });
  await page.locator("dialog [data-close]").click();
}
