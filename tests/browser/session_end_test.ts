import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { islandsReady, startBrowser, type TestBrowser } from "../support/browser.ts";
import { TestService } from "../support/service.ts";

/** A token of the real service that may operate; `ms` until it expires. */
async function makeToken(service: TestService, ms = 3_600_000) {
  const expires_at = new Date(Date.now() + ms).toISOString();
  const { body } = await service.request<{ token: string; token_info: { token_id: string } }>(
    "POST",
    "/tokens",
    { name: "night shift", role: "operator", content: true, expires_at },
  );
  return { secret: body.token, id: body.token_info.token_id };
}

/** Opens a page signed in with a token; whether the token was still let in. */
async function openAs(
  browser: TestBrowser,
  service: TestService,
  token: string,
  path: string,
  javaScript = true,
): Promise<{ page: Page; inside: boolean }> {
  const { page } = await browser.open({ javaScript });
  await page.goto(`${service.url}/sign-in?next=${encodeURIComponent(path)}`);
  await page.fill("[name=token]", token);
  await page.click("main button");
  if (javaScript) await islandsReady(page);
  return { page, inside: !page.url().includes("/sign-in") };
}

Deno.test("a token that is revoked ends the pages that are open with it, each in its way", async () => {
  await using service = await TestService.start();
  await using browser = await startBrowser();
  const { secret, id } = await makeToken(service);
  const live = await openAs(browser, service, secret, "/tasks?status=failed");
  const still = await openAs(browser, service, secret, "/bots/shop");
  const plain = await openAs(browser, service, secret, "/settings", false);
  await live.page.setViewportSize({ width: 390, height: 844 });
  await live.page.waitForSelector("[data-mode=live]");
  const below = () => live.page.$eval("main", (main) => main.getBoundingClientRect().top);
  const before = await below();
  await service.request("DELETE", `/tokens/${id}`);

  await live.page.waitForSelector("text=Session ended: sign in");
  assert.equal(await below(), before, "nothing moves on a phone");
  await live.page.click("text=Session ended: sign in");
  assert.equal(new URL(live.page.url()).searchParams.get("next"), "/tasks?status=failed");

  await still.page.fill("[name=question]", "When do you open?");
  await still.page.fill("[name=answer]", "At nine.");
  await still.page.click("#teach .button");
  await still.page.waitForSelector(".editor .bad:text('Your session has ended.')");
  assert.equal(await still.page.inputValue("[name=answer]"), "At nine.", "what was typed stays");
  await still.page.click("text=Sign in again");
  await still.page.fill("[name=token]", service.token);
  await still.page.click("main button");
  assert.equal(new URL(still.page.url()).pathname, "/bots/shop");
  const { status } = await service.request("GET", "/bots/shop");
  assert.equal(status, 404, "nothing was taught");

  await plain.page.click("[action='/sign-out'] button >> nth=-1");
  await plain.page.goto(`${service.url}/health?hours=1`);
  assert.equal(new URL(plain.page.url()).searchParams.get("next"), "/health?hours=1");
});

Deno.test("a session ends with its token's time, while its page is open", async () => {
  await using service = await TestService.start();
  await using browser = await startBrowser();
  // Where signing in takes longer than the token lives, one that lives longer is tried.
  for (let lives = 4_000;; lives *= 2) {
    const { secret } = await makeToken(service, lives);
    const { page, inside } = await openAs(browser, service, secret, "/");
    const live = inside &&
      await page.waitForSelector("[data-mode=live]", { timeout: lives }).catch(() => null);
    if (!live) continue;
    await page.waitForSelector("a.switch:text('Session ended: sign in')", {
      timeout: lives + 60_000,
    });
    assert.match(await page.innerText("main"), /Score|Queues/, "what was shown stays readable");
    return;
  }
});

Deno.test("an administrator ends a session, and a form of it does nothing more", async () => {
  await using service = await TestService.start();
  await using browser = await startBrowser();
  const { secret } = await makeToken(service);
  const guest = await openAs(browser, service, secret, "/", false);
  const admin = await openAs(browser, service, service.token, "/settings");
  const row = admin.page.locator("tr:has-text('night shift'):has(button:text('End'))");
  await row.locator("button").click();
  await row.locator(".danger").click();
  await row.locator(".said:text('Ended.')").waitFor();

  await guest.page.click(".maintenance .button");
  assert.equal(new URL(guest.page.url()).pathname, "/sign-in");
  const { body } = await service.request<{ entries: { action: string }[] }>("GET", "/audit");
  assert.ok(!JSON.stringify(body).includes("/maintenance/cleanup"));
});

Deno.test("without scripts a token is made, shown once, rotated and revoked", async () => {
  await using service = await TestService.start();
  await using browser = await startBrowser();
  const { page } = await openAs(browser, service, service.token, "/settings", false);
  await page.fill(".new-token [name=name]", "reporting");
  await page.selectOption(".new-token [name=role]", "viewer");
  await page.selectOption(".new-token [name=days]", "30");
  await page.click(".new-token button");
  const secret = (await page.innerText(".new-token .notice pre")).trim();
  const asToken = async (token: string, path: string) => {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`${service.url}/api/performance${path}`, { headers });
    await answer.body?.cancel();
    return answer.status;
  };
  assert.equal(await asToken(secret, "/tasks"), 200);
  assert.equal(await asToken(secret, "/tokens"), 403, "it is a viewer's");
  const row = page.locator("tr:has-text('reporting')", { has: page.locator("text=Rotate") });
  assert.match(await row.innerText(), /in 29 d|in 30 d/);

  await page.goto(`${service.url}/settings`);
  assert.equal(await page.locator(".new-token .notice").count(), 0, "only once");
  await row.locator("button:text('Rotate')").click();
  const rotated = (await page.innerText(".new-token .notice pre")).trim();
  assert.deepEqual([await asToken(secret, "/tasks"), await asToken(rotated, "/tasks")], [401, 200]);
  await row.locator("button:text('Revoke')").click();
  assert.equal(await asToken(rotated, "/tasks"), 401);
  assert.equal(await row.count(), 0);

  await page.fill(".new-token [name=name]", "   ");
  await page.click(".new-token button");
  assert.match(await page.innerText("main"), /name/i, "a refusal says what is wrong");
});
