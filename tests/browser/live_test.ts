import assert from "node:assert/strict";
import { visitDashboard } from "./visit.ts";

Deno.test("one stream a page; it resumes after the last event when it breaks", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/");
  await page.waitForSelector("[data-mode=live]");
  assert.deepEqual(visit.server.streams, [""]);
  visit.server.data.health.status = "degraded";
  visit.server.emit("health");
  await page.waitForSelector(".headline.warn");

  visit.server.dropStreams(false);
  await page.waitForSelector("[data-mode=polling]");
  await page.waitForSelector("[data-mode=live]");
  assert.deepEqual(visit.server.streams, ["", "1"]);
});

Deno.test("where there is no stream the page asks by itself", async () => {
  await using visit = await visitDashboard();
  visit.server.dropStreams(true);
  const { page } = await visit.open("/");
  await page.waitForSelector("[data-mode=polling]");
  assert.equal(await page.innerText(".switch"), "Every 10 s");
  visit.server.data.summary!.performance_score = 12;
  await page.waitForSelector(".ring.bad");
});

Deno.test("nothing is open while the tab is hidden or the switch is off", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/");
  await page.waitForSelector("[data-mode=live]");
  const hide = (hidden: boolean) =>
    page.evaluate((hidden) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  const { server } = visit;
  await hide(true);
  await server.streamsClosed();
  await hide(false);
  await page.waitForSelector("[data-mode=live]");
  assert.equal(server.streams.length, 2);

  await page.click(".switch");
  await server.streamsClosed();
  assert.equal(await page.getAttribute(".switch", "aria-checked"), "false");
  await page.reload();
  await page.waitForSelector("[data-mode=off]");
  assert.equal(server.streams.length, 2);
  await page.click(".switch");
  await page.waitForSelector("[data-mode=live]");
  assert.equal(server.streams.length, 3);
});

Deno.test("old figures are marked as old, and become new again", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/tasks");
  await page.waitForSelector("[data-mode=live]");
  visit.server.data.broken.push("/tasks");
  visit.server.emit("task");
  await page.waitForSelector("[data-mode=stale]");
  assert.match(await page.innerText(".switch"), /Stale for/);
  visit.server.data.broken.pop();
  visit.server.emit("task");
  await page.waitForSelector("[data-mode=live]");
});

Deno.test("when the session ends the page says so and leads back", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/tasks?status=failed");
  await page.waitForSelector("[data-mode=live]");
  visit.server.endSessions();
  visit.server.emit("task");
  await page.click("text=Session ended: sign in");
  assert.equal(new URL(page.url()).searchParams.get("next"), "/tasks?status=failed");
});
