// Tenants and how people come into them, as the operator sees it: tests/it/pages.rs starts a server, then this.
import assert from "node:assert/strict";
import { OUTPUT, PASSWORD, SMALL, WEB, WIDE, finish, flaws, go, step, visitor } from "./browser.mjs";

const page = await visitor();
const main = () => page.locator("main").innerText();
const send = (button) => Promise.all([page.waitForNavigation(), button.click()]);

async function look(name) {
  for (const [size, viewport] of Object.entries({ wide: WIDE, small: SMALL })) {
    for (const colorScheme of ["light", "dark"]) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `${OUTPUT}/${name}-${size}-${colorScheme}.png`, fullPage: true });
      assert.deepEqual(await flaws(page), [], `${name}, ${size}`);
    }
  }
  await page.setViewportSize(WIDE);
}

await step("the operator finds the tenants", async () => {
  await go(page, "/login");
  await page.fill("[name=username]", "admin");
  await page.fill("[name=password]", PASSWORD);
  await send(page.locator("button:text-is('Sign in')"));
  await page.click(".bar a:has-text('Admin')");
  await page.click("nav.side a:has-text('Tenants')");
  assert.equal(await page.locator("h1").textContent(), "Tenants");
  assert.match(await main(), /clearml\s*default/);
  await look("tenants");
});

let tenant;
await step("a tenant is made, its secret shown once", async () => {
  await page.click("a:has-text('New tenant')");
  await page.fill("[name=name]", "Acme Labs");
  await page.fill("[name=domain]", "acme.io");
  await page.fill("[name=admins]", "ann@acme.io\nleo@acme.io");
  await page.fill("[name=most]", "5");
  await look("tenant-new");
  await send(page.locator("button:has-text('Make the tenant')"));
  assert.match(await page.locator("#access").innerText(), /^[A-Z0-9]{30}$/);
  assert.ok((await page.locator("#secret").innerText()).length >= 50);
  tenant = await page.locator("#tenant").innerText();
  await look("tenant-made");
  await page.check("[data-stored]");
  await send(page.locator("button:has-text('Done')"));
  assert.equal(new URL(page.url()).pathname, `/admin/tenants/${tenant}`);
  assert.match(await main(), /ann@acme\.io/);
});

await step("a name or a domain that is taken is refused, and what was typed stays", async () => {
  await go(page, "/admin/tenants/new");
  await page.fill("[name=name]", "acme labs");
  await send(page.locator("button:has-text('Make the tenant')"));
  assert.match(await page.locator("[role=alert]").innerText(), /exists already/);
  assert.equal(await page.inputValue("[name=name]"), "acme labs");
  await page.fill("[name=name]", "Beta Works");
  await page.fill("[name=domain]", "ACME.io");
  await send(page.locator("button:has-text('Make the tenant')"));
  assert.match(await page.locator("[role=alert]").innerText(), /another tenant has this domain/);
}, /422 \(Unprocessable/);

await step("limits, features and domains are kept", async () => {
  await go(page, `/admin/tenants/${tenant}`);
  await page.fill("[name=allowed_users]", "7");
  await page.selectOption("#f-reports", "off");
  await send(page.locator("button:has-text('Save limits')"));
  assert.equal(await page.inputValue("[name=allowed_users]"), "7");
  assert.equal(await page.inputValue("#f-reports"), "off");
  await page.fill("[name=domains]", "acme.io\ngmail.com");
  await send(page.locator("button:has-text('Save domains')"));
  assert.match(await main(), /Anybody can have an address in gmail\.com/);
  await look("tenant");
});

await step("people are let in and taken off the list", async () => {
  await page.click("nav.side a:has-text('Sign-in')");
  assert.match(await main(), /Nobody is listed/);
  await look("sign-in-empty");
  await page.fill("[name=emails]", "bob@gmail.com, eve@gmail.com");
  await page.selectOption("[name=role]", "admin");
  await send(page.locator("button:has-text('Add')"));
  assert.match(await main(), /2 addresses added/);
  await look("sign-in");
  await send(page.locator("tr:has-text('eve@gmail.com') button:has-text('Remove')"));
  assert.doesNotMatch(await main(), /eve@gmail\.com/);
  await page.fill("[name=emails]", "ann@acme.io");
  await send(page.locator("button:has-text('Add')"));
  assert.match(await page.locator("[role=alert]").innerText(), /belongs to another tenant/);
  assert.equal(await page.inputValue("[name=emails]"), "ann@acme.io");
}, /422 \(Unprocessable/);

await step("a tenant goes only when its name is typed", async () => {
  await go(page, `/admin/tenants/${tenant}/delete`);
  assert.match(await main(), /lose access at once/);
  await look("tenant-delete");
  await page.fill("[name=typed]", "acme");
  await send(page.locator("main #confirm footer button"));
  assert.match(await page.locator("main [role=alert]").innerText(), /not that of the tenant/);
  await page.fill("[name=typed]", "Acme Labs");
  await send(page.locator("main #confirm footer button"));
  assert.equal(page.url(), `${WEB}/admin/tenants`);
  assert.match(await main(), /Tenant deleted/);
  const answer = await go(page, `/admin/tenants/${tenant}`);
  assert.equal(answer.status(), 404);
}, /422 \(Unprocessable|404 \(Not Found/);

await finish();
