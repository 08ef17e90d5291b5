// Vaults: making, checking, editing, comparing, deleting, and what comes of them.
import assert from "node:assert/strict";
import { WEB, go, step } from "./browser.mjs";

/** `call` is the API as the same person, an administrator; `page` is signed in. Answers further pages to look at. */
export async function vaults(page, call) {
  const api = async (operation, body) => {
    const answer = await call(operation, body);
    const reply = await answer.json();
    assert.equal(answer.status, 200, `${operation}: ${reply.meta.result_msg}`);
    return reply.data;
  };
  const list = async () => (await api("users.get_organization_vaults", {})).vaults;
  let href;

  await step("a vault is made for a group, and its text is checked while it is written", async () => {
    await go(page, "/admin/vaults");
    assert.match(await page.locator("main .empty").innerText(), /No vault applies to anybody yet/);
    await page.locator(".acts >> text=New vault").click();
    await page.fill("[name=description]", "Approved storage");
    await page.fill("[name=data]", "agent {\n  worker_id: x\n}");
    await page.locator("#verdict .bad").waitFor();
    assert.match(await page.locator("#verdict").innerText(), /line 2.*agent\.worker_id/);
    await page.fill("[name=data]", "agent {\n  git_pass: \"geheim-12345\"\n  disable_task_docker_override: true\n}\n");
    await page.locator("#verdict .ok").waitFor();
    await page.selectOption("[name=audience]", { label: "group users" });
    await Promise.all([page.waitForNavigation(), page.click("text=Make the vault")]);
    href = new URL(page.url()).pathname;
    assert.match(href, /^\/admin\/vaults\/[0-9a-f]{32}$/);
    const text = await page.locator("main").innerText();
    assert.match(text, /group users/);
    assert.match(text, /The container is pinned/);
    assert.ok(!text.includes("geheim"), "values are hidden until somebody asks for them");
    const [vault] = await list();
    assert.deepEqual([vault.description, vault.scope, vault.enabled], ["Approved storage", "group", true]);
  });

  await step("a text that can't be stored keeps what was typed", async () => {
    await go(page, `${href}?edit=1`);
    assert.match(await page.inputValue("[name=data]"), /geheim-12345/);
    await page.fill("[name=data]", "agent {");
    await Promise.all([page.waitForNavigation(), page.click("text=Save version 2")]);
    assert.match(await page.locator("main [role=alert]").innerText(), /line 1.*never closed/);
    assert.equal(await page.inputValue("[name=data]"), "agent {");
    await page.fill("[name=data]", "agent {\n  git_pass: \"geheim-67890\"\n  disable_task_docker_override: true\n}\n");
    await Promise.all([page.waitForNavigation(), page.click("text=Save version 2")]);
    assert.equal(new URL(page.url()).pathname, href);
  }, /422 \(Unprocessable/);

  await step("a change that somebody else made meanwhile is not lost", async () => {
    await go(page, `${href}?edit=1`);
    await api("users.add_or_update_vault", { vault: { id: href.split("/").pop(), description: "Renamed" } });
    await Promise.all([page.waitForNavigation(), page.click("text=Save version 3")]);
    assert.match(await page.locator("main [role=alert]").innerText(), /changed this vault meanwhile/);
  }, /422 \(Unprocessable/);

  await step("versions are compared, the log tells who, and one sees what somebody would get", async () => {
    await go(page, href);
    await page.locator("aside a", { hasText: /^1$/ }).click();
    await page.locator("h1", { hasText: "From version 1 to 2" }).waitFor();
    assert.match(await page.locator(".diff .gone").innerText(), /geheim-12345/);
    assert.match(await page.locator(".diff .new").innerText(), /geheim-67890/);
    await go(page, "/admin/vaults/log");
    assert.match(await page.locator("table").innerText(), /create[\s\S]*Approved storage/);
    await go(page, "/admin/vaults/for");
    await Promise.all([page.waitForNavigation(), page.click("main form button:text-is('Show')")]);
    const settings = await page.locator("main table").innerText();
    assert.match(settings, /agent\.git_pass\s+\*\*\*\*\s+Renamed/);
    assert.match(settings, /disable_task_docker_override\s+true/);
  });

  await step("a personal vault is made without script, downloaded and deleted", async () => {
    const plain = await page.context().browser().newContext({
      javaScriptEnabled: false, storageState: await page.context().storageState(),
    });
    const own = await plain.newPage();
    await own.goto(`${WEB}/me/vaults/new`);
    await own.fill("[name=description]", "Mine");
    await own.selectOption("[name=format]", "yaml");
    await own.fill("[name=data]", "agent:\n  git_user: me\n");
    await Promise.all([own.waitForNavigation(), own.click("text=Make the vault")]);
    const mine = new URL(own.url()).pathname;
    const file = await own.request.get(`${WEB}${mine}/download`);
    assert.equal(await file.text(), "agent:\n  git_user: me\n");
    assert.match(file.headers()["content-disposition"], /\.yaml"$/);
    await own.goto(`${WEB}${mine}/delete`);
    await Promise.all([own.waitForNavigation(), own.click("#confirm footer button")]);
    assert.match(await own.locator("main").innerText(), /No personal vault yet/);
    await plain.close();
  });

  return {
    vaults: "/admin/vaults", vault: href, "vault-edit": `${href}?edit=1`, "vault-diff": `${href}/versions/1`,
    "vault-log": "/admin/vaults/log", "vault-for": "/admin/vaults/for", "my-vaults": "/me/vaults", "new-vault": "/me/vaults/new",
  };
}
