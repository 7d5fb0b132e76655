import assert from "node:assert/strict";
import { overflowsSideways } from "../support/browser.ts";
import { VIEWER_TOKEN } from "./dashboard_server.ts";
import { visitDashboard } from "./visit.ts";

Deno.test("the Overview tells how it stands without scrolling, and hydrates what it rendered", async () => {
  await using visit = await visitDashboard();
  const { page, problems } = await visit.open("/");
  const standing = "14 waiting, oldest 0.4 s, shrinking.";
  // The first page after signing in does not know the visitor's zone yet.
  assert.equal(await page.textContent("h1"), `Well since 09:12 UTC. ${standing}`);
  await page.reload();
  assert.equal(await page.textContent("h1"), `Well since 10:12. ${standing}`);
  const text = await page.innerText("main");
  for (
    const part of [
      "3 tasks running; 98.4% of conversations succeeded.",
      "The AI provider did not answer within 30 s",
      "9,204",
      "1 h 30 min",
      "Can I return a gift from Norway?",
      "Cache hit rate 73.4%, under 80%",
      "34.2%",
      "12,904",
      "generate_report",
      "3 other checks are healthy",
    ]
  ) assert.ok(text.includes(part), part);
  const end = await page.evaluate(() =>
    document.querySelector(".score-panel")!.getBoundingClientRect().bottom
  );
  assert.ok(end <= 800, `the score ends at ${end}`);
  await page.setViewportSize({ width: 390, height: 844 });
  const told = await page.evaluate(() =>
    document.querySelector(".glance")!.getBoundingClientRect().bottom
  );
  assert.ok(told <= 844, `on a phone the answers end at ${told}`);
  await page.setViewportSize({ width: 1280, height: 800 });
  const lines = await page.$$eval(
    ".trends .at-wide .line, .trends .at-narrow .line",
    (all) => all.map((line) => line.getAttribute("d")!.match(/M/g)!.length),
  );
  assert.deepEqual(lines, Array(6).fill(2), "three lines at two widths, each with the night's gap");
  assert.deepEqual(problems, []);
});

Deno.test("from the Overview one retries what failed last, and teaches what was not known", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/");
  const failed = visit.server.data.tasks.find((task) => task.status === "failed")!;
  await page.click(".last-failure .button:text('Retry')");
  await page.waitForSelector(".last-failure :text('Queued again')");
  assert.deepEqual(visit.server.done, [`POST /tasks/${failed.task_id}/retry`]);
  await page.click(".unanswered .button >> nth=0");
  assert.equal(new URL(page.url()).pathname, "/bots/returns");
  assert.equal(await page.inputValue("[name=question]"), "Can I return a gift from Norway?");

  visit.server.data.unanswered = [];
  visit.server.data.tasks = [];
  // What was not known is shared for ten seconds with those who do not ask for it anew.
  await page.setExtraHTTPHeaders({ "cache-control": "no-cache" });
  await page.goto(`${visit.server.url}/`);
  assert.match(await page.innerText(".glance"), /Nothing has failed\./);
  assert.match(await page.innerText(".glance"), /Every question had an answer\./);
});

Deno.test("the server's markup is what the browser draws: nothing moves when it comes alive", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/");
  await page.reload();
  const cookie = (await page.context().cookies()).map((c) => `${c.name}=${c.value}`).join("; ");
  const paths = [
    "/",
    "/tasks",
    "/tasks/t-wait-1",
    "/conversations",
    "/cache",
    "/schedules",
    "/health",
  ];
  for (const path of paths) {
    const answer = await fetch(visit.server.url + path, { headers: { cookie } });
    const html = await answer.text();
    await page.goto(visit.server.url + path);
    await page.waitForSelector("main island-root[ready]");
    const same = await page.evaluate((html) => {
      const sent = new DOMParser().parseFromString(html, "text/html");
      const text = (root: Document) => {
        const island = root.querySelector("main island-root")!;
        return [island.textContent, island.querySelectorAll("*").length];
      };
      return [text(sent), text(document)];
    }, html);
    // Seconds may have passed; the shape may not.
    assert.equal(same[0]![1], same[1]![1], path);
    const timeless = (shown: unknown) =>
      String(shown).replaceAll(/\d+ (s|min) ?(\d+ s)?( ago)?|just now/g, "T");
    assert.equal(timeless(same[0]![0]), timeless(same[1]![0]), path);
  }
});

Deno.test("figures follow events without moving the page", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/");
  await page.waitForSelector("[data-mode=live]");
  const boxes = () =>
    page.$$eval(
      ".overview > *",
      (all) => all.map((one) => JSON.stringify(one.getBoundingClientRect())),
    );
  const before = await boxes();
  const { data } = visit.server;
  data.summary!.performance_score = 55;
  data.health.system.cpu_percent = 91.5;
  visit.server.emit("task", { status: "completed" });
  await page.waitForSelector(".ring.bad");
  assert.match(await page.innerText(".gauges"), /91\.5%/);
  assert.deepEqual(await boxes(), before);
});

Deno.test("clearing asks first, does it once, and says what happened", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/");
  await page.fill("[name=pattern]", "answer:*");
  await page.click(".cache .button:text('Clear')");
  await page.waitForSelector(".cache .asking");
  assert.match(await page.innerText(".cache .asking"), /Clear 124 keys like answer:\*\?/);
  const dry = `POST /cache/clear {"pattern":"answer:*","dry_run":true}`;
  assert.deepEqual(visit.server.done, [dry]);
  await page.click(".cache .asking >> text=Keep");
  assert.equal(await page.locator(".asking").count(), 0);

  await page.press("[name=pattern]", "Enter");
  await page.click(".cache .button.danger");
  await page.waitForSelector(".cache .said:text('Cleared 124 keys.')");
  assert.deepEqual(visit.server.done, [dry, dry, `POST /cache/clear {"pattern":"answer:*"}`]);

  await page.selectOption("[name=cleanup_type]", "tasks");
  await page.click(".maintenance .button");
  await page.click(".maintenance .button.danger");
  await page.waitForSelector(".maintenance .said a[href='/tasks/clean-tasks']");
});

Deno.test("a refusal is told where it happened, with the request's id", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/");
  visit.server.data.broken.push("/cache/clear");
  await page.click(".cache .button:text('Clear')");
  await page.waitForSelector(".cache .said .bad");
  assert.match(await page.innerText(".cache .said"), /broken on purpose\.\s*Request req-7/);
});

Deno.test("a part that cannot be read is told so, and the others are there", async () => {
  await using visit = await visitDashboard();
  visit.server.data.broken.push("/cache/stats", "/performance/history", "/queues");
  const { page, problems } = await visit.open("/");
  assert.match(await page.innerText(".overview"), /Cache could not be read just now/);
  assert.match(await page.innerText(".overview"), /Queues could not be read just now/);
  assert.equal(await page.textContent("h1"), "Well since 09:12 UTC.");
  assert.equal(await page.locator(".spark").count(), 0);
  assert.deepEqual(problems, []);
});

Deno.test("a viewer reads everything and is offered nothing that the server would refuse", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/", { token: VIEWER_TOKEN });
  assert.match(await page.innerText(".cache"), /73\.4%/);
  assert.equal(await page.locator("main form button").count(), 0);
  await page.goto(`${visit.server.url}/tasks`);
  assert.equal(await page.locator(".tasks button").count(), 0);
});

Deno.test("an empty installation shows how to have the first conversation, then fills itself", async () => {
  await using visit = await visitDashboard();
  const { data } = visit.server;
  const full = structuredClone(data.summary!.conversation_metrics);
  data.summary!.conversation_metrics = {
    ...full,
    total_conversations: 0,
    status_breakdown: { pending: 0, processing: 0, completed: 0, failed: 0 },
    success_rate: 0,
  };
  const { page } = await visit.open("/");
  const commands = await page.$$eval(".first pre", (all) => all.map((one) => one.textContent));
  assert.ok(commands[1]!.includes(`${visit.server.url}/api/performance/conversations/queue`));
  assert.ok(commands[1]!.includes("Authorization: Bearer $PIXEL_TOKEN"));
  assert.ok(!(await page.innerText(".headline")).includes("succeeded"));

  await page.waitForSelector("[data-mode=live]");
  data.summary!.conversation_metrics = full;
  visit.server.emit("task");
  await page.waitForSelector(".share-bar");
  assert.equal(await page.locator(".first").count(), 0);
});

Deno.test("without scripts the Overview reads and its forms work", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/", { javaScript: false, size: { width: 320, height: 640 } });
  assert.match(await page.innerText("h1"), /^Well since 09:12 UTC\./);
  assert.equal(await page.locator(".switch").isVisible(), false);
  await page.fill("[name=pattern]", "x*");
  await page.click(".cache button");
  assert.match(await page.innerText(".notice"), /Clear 124 keys like x\*\?/);
  await page.click(".notice .danger");
  assert.equal(await page.textContent(".notice"), "Cleared 124 keys from the cache.");
  assert.equal(await overflowsSideways(page), false);
});
