import assert from "node:assert/strict";
import { visitDashboard } from "./visit.ts";

Deno.test("conversations are listed by cursor, and one is found by its id", async () => {
  await using visit = await visitDashboard();
  const { page, problems } = await visit.open("/conversations");
  assert.equal(await page.locator(".conversations tbody tr").count(), 50);
  assert.match(
    await page.innerText(".conversations tbody tr >> nth=0"),
    /support-4711\s+Processing/,
  );
  await page.click("text=Older");
  assert.equal(new URL(page.url()).searchParams.get("cursor"), "50");
  assert.equal(await page.locator(".conversations tbody tr").count(), 20);
  assert.match(await page.innerText(".conversations"), /imported/);
  await page.click("text=Newest");
  await page.press("body", "/");
  await page.keyboard.type("support-4711");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/conversations/support-4711");
  assert.deepEqual(problems, []);
});

Deno.test("a transcript tells how each answer came, and nothing said becomes markup", async () => {
  await using visit = await visitDashboard();
  const { page, problems } = await visit.open("/conversations/support-4711");
  const said = await page.locator(".transcript li").allInnerTexts();
  assert.equal(said.length, 5);
  assert.match(said[1]!, /Knowledge\s+92% sure\s+answered in 0\.4 s/);
  assert.match(said[3]!, /AI model\s+71% sure\s+answered in 1 s\s+from the cache/);
  assert.match(said[4]!, /<b>Thanks<\/b>, and in Norway\?\s+This turn was not answered/);
  assert.equal(await page.locator(".transcript .text b").count(), 0);

  await page.waitForSelector("[data-mode=live]");
  visit.server.data.conversation.status = "processing";
  visit.server.emit("task");
  await page.waitForSelector("text=Waiting for the answer.");
  const gone = await page.goto(`${visit.server.url}/conversations/a%2Fb`);
  assert.equal(gone!.status(), 404);
  assert.equal(problems.filter((problem) => !problem.includes("404")).length, 0);
});
