// People, groups, service accounts and features, as an administrator manages them.
import assert from "node:assert/strict";
import { OUTPUT, SMALL, WEB, WIDE, flaws, go, step } from "./browser.mjs";

/** `call` is the API as the same person; `page` is signed in. Answers further pages to look at. */
export async function people(page, call) {
  const api = async (operation, body) => {
    const answer = await call(operation, body);
    const reply = await answer.json();
    assert.equal(answer.status, 200, `${operation}: ${reply.meta.result_msg}`);
    return reply.data;
  };
  const notice = () => page.locator("main > .note").first().innerText();
  const press = (name, within = "main") => Promise.all([page.waitForNavigation(), page.locator(within).getByRole("button", { name, exact: true }).click()]);
  const confirm = async (fill = async () => {}) => {
    const dialog = page.locator("dialog #confirm");
    await dialog.waitFor();
    await fill(dialog);
    await Promise.all([page.waitForNavigation(), dialog.locator("footer button").click()]);
  };
  let account, group;

  await step("the bar leads administrators to their pages", async () => {
    await go(page, "/projects");
    await Promise.all([page.waitForNavigation(), page.click(".bar a:has-text('Admin')")]);
    assert.equal(page.url(), `${WEB}/admin/users`);
    assert.match(await page.locator("tbody").first().innerText(), /Administrator/);
    await page.click("text=New person");
    await page.waitForURL(`${WEB}/admin/users/new`);
    assert.match(await page.locator("main").innerText(), /user_management_advanced=true/, "off by default, and how to switch it on");
  });

  await step("a service account is made, and its secret is shown once", async () => {
    await go(page, "/admin/service-accounts/new");
    await page.fill("[name=name]", "ci-trainer");
    await press("Make the account");
    assert.equal(await page.locator("h1").innerText(), "ci-trainer");
    const key = await page.locator("#access").innerText();
    const secret = await page.locator("#secret").innerText();
    assert.match(await page.locator("#conf").innerText(), new RegExp(secret));
    for (const [size, viewport] of [["wide", WIDE], ["small", SMALL], ["wide", WIDE]]) {
      await page.setViewportSize(viewport);
      await page.screenshot({ path: `${OUTPUT}/admin-service-account-created-${size}.png` });
      assert.deepEqual(await flaws(page), [], `at ${viewport.width} px`);
    }
    const stored = (await api("users.get_service_users", {})).users.find(({ name }) => name === "ci-trainer");
    assert.equal(stored.allow_running_as_owner, true);
    assert.equal(stored.credential_details[0].access_key, key);
    account = stored.id;
    await page.check("[data-stored]");
    await press("Done");
    assert.equal(new URL(page.url()).pathname, `/admin/service-accounts/${account}`);
    assert.ok(!(await page.content()).includes(secret), "never again");
    await go(page, "/admin/service-accounts/new");
    await page.fill("[name=name]", "CI-Trainer");
    await press("Make the account");
    assert.match(await page.locator("main [role=alert]").innerText(), /exists/);
    assert.equal(await page.inputValue("[name=name]"), "CI-Trainer", "what was typed is kept");
  }, /422 \(Unprocessable/);

  await step("a key is rotated, and what the account may do is changed", async () => {
    await go(page, `/admin/service-accounts/${account}`);
    await page.fill("[name=label]", "second host");
    await press("Make a key");
    await page.check("[data-stored]");
    await press("Done");
    await page.locator("tr", { hasNotText: "second host" }).locator("a:has-text('Revoke')").click();
    await confirm();
    assert.match(await notice(), /^Key revoked\./);
    await page.uncheck("[name=as_owner]");
    await press("Save");
    assert.match(await notice(), /^Saved\./);
    assert.match(await page.locator("main").innerText(), /can run code with its rights/, "the page says what that means");
    await page.check("[name=accept][value=self]");
    await press("Save");
    const stored = (await api("users.get_service_users", {})).users.find(({ id }) => id === account);
    assert.deepEqual([stored.credentials, stored.credential_details[0].label, stored.accept_tasks_from], [1, "second host", ["self"]]);
  });

  await step("a group is made with its members", async () => {
    await go(page, "/admin/groups/new");
    await page.fill("[name=name]", "Vision");
    await page.locator("label", { hasText: "ci-trainer" }).locator("input").check();
    await press("Make the group");
    assert.equal(await page.locator("h1").innerText(), "Vision");
    const found = (await api("permissions.get_user_groups", {})).groups.find(({ name }) => name === "Vision");
    assert.deepEqual(found.users.map(({ id }) => id), [account]);
    group = found.id;
    await go(page, "/admin/features");
    assert.match(await page.locator("tbody").innerText(), /service_users/);
  });

  await step("an account is deleted only when its name was typed", async () => {
    await go(page, `/admin/service-accounts/${account}`);
    await page.click("a:has-text('Delete')");
    await confirm((dialog) => dialog.locator("[name=typed]").fill("something else"));
    assert.equal((await api("users.get_service_users", {})).users.length, 1);
    await go(page, `/admin/service-accounts/${account}`);
    await page.click("a:has-text('Delete')");
    await confirm((dialog) => dialog.locator("[name=typed]").fill("ci-trainer"));
    assert.deepEqual((await api("users.get_service_users", {})).users, []);
    const made = await api("auth.create_service_user", { name: "gpu-01" });
    account = made.id;
  }, /422 \(Unprocessable/);

  const self = (await api("users.get_current_user", {})).user.id;
  return {
    "admin-users": "/admin/users", "admin-user": `/admin/users/${self}`, "admin-user-new": "/admin/users/new",
    "admin-groups": "/admin/groups", "admin-group": `/admin/groups/${group}`,
    "admin-service-accounts": "/admin/service-accounts", "admin-service-account": `/admin/service-accounts/${account}`,
    "admin-service-account-new": "/admin/service-accounts/new", "admin-features": "/admin/features",
  };
}
