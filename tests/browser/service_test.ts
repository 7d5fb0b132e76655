import assert from "node:assert/strict";
import { islandsReady, overflowsSideways, startBrowser } from "../support/browser.ts";
import { TestService } from "../support/service.ts";

const PAGES = [
  "/",
  "/tasks",
  "/conversations",
  "/conversations/first",
  "/analytics",
  "/analytics?report=daily",
  "/bots",
  "/bots/shop",
  "/cache",
  "/schedules",
  "/health",
  "/settings",
];

Deno.test("the real service: every page, an answer tried, and the stream after a restart", async () => {
  await using service = await TestService.start();
  await service.request("PUT", "/bots/shop", {
    name: "Shop",
    knowledge: [{ question: "When do you open?", answer: "At nine, every day." }],
  });
  const wait = { prefer: "wait=20" };
  for (const message of ["When do you open?", "Do penguins have knees?"]) {
    const turn = { conversation_id: "first", bot_id: "shop", user_message: message };
    const { body } = await service.request("POST", "/conversations/queue", turn, wait);
    assert.ok(body["result"], JSON.stringify(body));
  }
  await using browser = await startBrowser();
  const { page, problems } = await browser.open();
  await page.goto(`${service.url}/sign-in`);
  await page.fill("[name=token]", service.token);
  await page.click("main button");
  for (const path of PAGES) {
    const answer = await page.goto(service.url + path);
    assert.equal(answer!.status(), 200, path);
    await islandsReady(page);
    assert.ok(!(await page.innerText("main")).includes("could not be read"), path);
    assert.equal(await overflowsSideways(page), false, path);
  }
  const wide = page.viewportSize()!;
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`${service.url}/docs`);
  assert.equal(await overflowsSideways(page), false, "/docs on a phone");
  await page.setViewportSize(wide);
  assert.deepEqual(problems, []);

  await page.goto(`${service.url}/conversations/first`);
  assert.match(await page.innerText(".transcript"), /At nine, every day\.\s+Knowledge/);
  await page.goto(`${service.url}/`);
  assert.match(await page.innerText(".unanswered"), /Do penguins have knees\?/);
  await page.click(".unanswered .button");
  await page.fill("[name=answer]", "They do.");
  await page.click("#teach .button");
  await page.waitForSelector("text=Taught.");
  await page.fill(".trial [name=message]", "Do penguins have knees?");
  await page.click(".trial button");
  await page.waitForSelector(".trial .assistant:has-text('They do.')");

  await page.goto(`${service.url}/settings`);
  await islandsReady(page);
  await page.fill(".new-token [name=name]", "reporting");
  await page.selectOption(".new-token [name=days]", "30");
  await page.click(".new-token .button");
  const secret = await page.innerText(".new-token .notice pre");
  const asToken = (token: string) =>
    fetch(`${service.url}/api/performance/cache/keys`, {
      headers: { authorization: `Bearer ${token}` },
    }).then(async (answer) => (await answer.body?.cancel(), answer.status));
  assert.equal(await asToken(secret), 200);
  await page.click("tr:has-text('reporting') button:text('Rotate')");
  await page.click("tr:has-text('reporting') .danger");
  await page.waitForFunction(
    (before) => document.querySelector(".new-token .notice pre")?.textContent !== before,
    secret,
  );
  assert.equal(await asToken(secret), 401);
  assert.equal(await asToken(await page.innerText(".new-token .notice pre")), 200);
  await page.click("tr:has-text('reporting') button:text('Revoke')");
  await page.click("tr:has-text('reporting') .danger");
  await page.waitForSelector("text=Revoked.");
  await page.reload();
  assert.match(await page.innerText("main"), /DELETE \/tokens\/\{token_id\}/);

  await page.goto(`${service.url}/tasks`);
  await page.waitForSelector("[data-mode=live]");
  await service.stop();
  await page.waitForSelector("[data-mode=polling], [data-mode=stale]");
  await service.restart();
  await page.waitForSelector("[data-mode=live]");
  const turn = { conversation_id: "second", bot_id: "shop", user_message: "When do you open?" };
  await service.request("POST", "/conversations/queue", turn, wait);
  await page.waitForSelector("text=/Show \\d+ newer tasks?/");
});
