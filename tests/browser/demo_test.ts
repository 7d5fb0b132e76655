import assert from "node:assert/strict";
import { islandsReady, startBrowser } from "../support/browser.ts";
import { startDemo } from "../support/demo.ts";
import { visitDashboard } from "./visit.ts";

Deno.test("on the demo's Overview Redis is broken and the process killed, and nothing is lost", async () => {
  await using demo = await startDemo(2);
  await using browser = await startBrowser();
  const { page } = await browser.open();
  await page.goto(demo.link);
  await islandsReady(page);
  assert.match(await page.innerText(".demo"), /Break it, and see what is lost/);
  assert.equal(await page.getAttribute(".demo a", "href"), demo.breaker);

  const press = async (label: string) => {
    await page.click(`.demo .button:text('${label}')`);
    await page.click(".demo .asking .danger");
  };
  const redis = await page.locator(".demo .button:text('Break Redis')").count() > 0;
  if (redis) {
    await press("Break Redis");
    await page.waitForSelector(".demo :text('Redis is dead, and answers keep coming. Lost: 0.')");
  }
  await press("Kill the process");
  await page.waitForSelector(".demo .said:text('Killed, and serving again.')");
  await page.waitForSelector("[data-mode=live]");
  if (redis) await page.click(".demo .button:text('Start Redis again')");
  const times = redis ? 2 : 1;
  await page.waitForSelector(`.demo :text('Broken ${times}×. Lost: 0.')`);
});

Deno.test("what is no demo cannot be broken from its pages", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/");
  assert.equal(await page.locator(".demo").count(), 0);
  const status = await page.evaluate(async () => {
    const csrf = document.querySelector<HTMLInputElement>("[name=csrf]")!.value;
    const body = new URLSearchParams({ csrf, do: "break", what: "kill" });
    return (await fetch("/", { method: "POST", body })).status;
  });
  assert.equal(status, 404);
});
