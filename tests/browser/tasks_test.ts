import assert from "node:assert/strict";
import axe from "axe-core";
import type { TaskStatus } from "../../lib/wire/tasks.ts";
import { overflowsSideways } from "../support/browser.ts";
import { finishedTask } from "./sample_data.ts";
import { visitDashboard } from "./visit.ts";

Deno.test("filters live in the address, and pages follow a cursor", async () => {
  await using visit = await visitDashboard();
  const { page, problems } = await visit.open("/tasks");
  assert.equal(await page.locator(".tasks tbody tr").count(), 50);
  await page.fill("[name=filter]", "status:failed");
  await page.click(".filters .button");
  assert.equal(new URL(page.url()).searchParams.get("status"), "failed");
  assert.equal(await page.locator(".tasks tbody tr").count(), 8);
  assert.equal(await page.inputValue("[name=filter]"), "status:failed");
  assert.equal(await page.textContent(".segments [aria-current]"), "Failed");
  await page.reload();
  assert.equal(await page.locator(".tasks tbody tr").count(), 8);

  await page.click(".segments >> text=All");
  const first = await page.textContent(".tasks tbody tr:first-child code");
  await page.click("text=Older");
  assert.equal(new URL(page.url()).searchParams.get("cursor"), "50");
  assert.notEqual(await page.textContent(".tasks tbody tr:first-child code"), first);
  await page.goBack();
  assert.equal(await page.textContent(".tasks tbody tr:first-child code"), first);
  await page.goto(`${visit.server.url}/tasks?q=no-such-task`);
  assert.match(await page.innerText("main"), /No task fits these filters\./);
  assert.deepEqual(problems, []);
});

Deno.test("the filter completes what one writes, by mouse and by keys", async () => {
  await using visit = await visitDashboard();
  const { page, problems } = await visit.open("/tasks");
  const offers = () => page.locator("[role=option]").allInnerTexts();
  await page.press("body", "/");
  assert.deepEqual(await offers(), ["queue:", "status:", "name:", "bot:"]);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.keyboard.type("con");
  assert.deepEqual(await offers(), ["queue:conversations"]);
  await page.click("[role=option]");
  await page.keyboard.type("bot:r");
  assert.deepEqual(await offers(), ["bot:returns"]);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  assert.equal(await page.inputValue("[name=filter]"), "queue:conversations bot:returns ");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/tasks?queue=conversations&q=*");
  assert.equal(new URL(page.url()).searchParams.get("q"), '"bot_id":"returns"');
  assert.equal(await page.inputValue("[name=filter]"), "queue:conversations bot:returns");
  assert.deepEqual(problems, []);
});

Deno.test("many tasks are retried at once, asked first, with what was refused", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/tasks?status=failed");
  const { tasks } = visit.server.data;
  const failed = tasks.filter((task) => task.status === "failed");
  await page.check(".tasks tbody tr:nth-child(1) [type=checkbox]");
  await page.check(".tasks tbody tr:nth-child(2) [type=checkbox]");
  assert.match(await page.innerText(".bulk"), /2 chosen/);
  assert.equal(await page.isDisabled(".bulk .button:text('Cancel')"), true);
  visit.server.data.broken.push(`/tasks/${failed[1]!.task_id}/retry`);
  await page.click(".bulk .button:text('Retry')");
  assert.match(await page.innerText(".asking"), /Queue 2 tasks again\?/);
  await page.click(".asking .danger");
  await page.waitForSelector(".bulk .said .bad");
  assert.match(await page.innerText(".bulk .said"), /Queued 1 task again\. 1 refused: .*req-7/);
  assert.equal(failed.filter((task) => task.status === "queued").length, 1);
});

Deno.test("what was cancelled together is put back together, but for what was refused", async () => {
  await using visit = await visitDashboard();
  const { tasks, broken } = visit.server.data;
  const waiting = ["a", "b", "c"].map((task_id) => ({
    ...finishedTask(0),
    task_id,
    status: "queued" as TaskStatus,
    finished_at: undefined,
  }));
  tasks.unshift(...waiting);
  const { page } = await visit.open("/tasks");
  for (const n of [1, 2, 3]) await page.check(`.tasks tbody tr:nth-child(${n}) [type=checkbox]`);
  broken.push("/tasks/b");
  await page.click(".bulk .button:text('Cancel')");
  await page.click(".asking .danger");
  await page.waitForSelector(".bulk .said:has-text('Cancelled 2 tasks. 1 refused')");
  await page.click(".bulk .button:text('Put back')");
  await page.waitForSelector(".bulk .said:has-text('Queued 2 tasks again.')");
  assert.deepEqual(waiting.map(({ status }) => status), ["queued", "queued", "queued"]);
  assert.deepEqual(visit.server.done.slice(-2).sort(), [
    "POST /tasks/a/retry",
    "POST /tasks/c/retry",
  ]);
  assert.equal(await page.locator(".bulk .button:text('Put back')").count(), 0);
});

Deno.test("all that fit a filter are cancelled, over all pages", async () => {
  await using visit = await visitDashboard();
  const { tasks } = visit.server.data;
  tasks.unshift(
    ...Array.from({ length: 230 }, (_, at) => ({
      ...finishedTask(0),
      task_id: `many-${at}`,
      status: "queued" as const,
      finished_at: undefined,
    })),
  );
  const { page } = await visit.open("/tasks?status=queued");
  await page.check(".check [type=checkbox]");
  assert.match(await page.innerText(".bulk"), /50 chosen/);
  await page.click("text=Choose all that fit the filter");
  await page.click(".bulk .button:text('Cancel')");
  const waiting = tasks.filter((task) => task.status === "queued").length;
  await page.click(`.asking:has-text("Cancel ${waiting} tasks") .danger`);
  await page.waitForSelector(".bulk .said a[href='/tasks/t-bulk']");
  assert.equal(tasks.filter((task) => task.status === "queued").length, 0);
  const sent = visit.server.done.map((one) => JSON.parse(one.slice(one.indexOf("{"))));
  const asked = { action: "cancel", status: "queued" };
  assert.deepEqual(sent, [{ ...asked, dry_run: true }, { ...asked, dry_run: false }]);
});

Deno.test("a queue is held and let go on from the list of queues", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/tasks");
  const row = page.locator(".queue-table tr", { hasText: "analytics" });
  await row.locator("button").click();
  assert.match(await row.innerText(), /Hold analytics\? Running tasks end; waiting ones wait\./);
  await row.locator(".danger").click();
  await row.locator("text=Resume").click();
  await row.locator("text=Pause").waitFor();
  assert.deepEqual(visit.server.done, [
    "PUT /queues/analytics/pause",
    "DELETE /queues/analytics/pause",
  ]);
});

Deno.test("news change rows in place, and newer tasks wait until they are asked for", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/tasks");
  await page.waitForSelector("[data-mode=live]");
  const { tasks } = visit.server.data;
  const top = () => page.$eval(".tasks tbody", (rows) => rows.getBoundingClientRect().top);
  const before = await top();
  tasks[0]!.status = "completed";
  tasks.unshift({ ...finishedTask(0), task_id: "brand-new" });
  tasks.pop();
  visit.server.emit("task");
  await page.waitForSelector("text=Show 1 newer task");
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe.run(".gone")
  );
  assert.deepEqual(violations.map(({ id }) => id), [], "a row that is gone can be read");
  assert.equal(await top(), before, "the list stays where it is");
  await page.click("text=Show 1 newer task");
  assert.equal(
    await page.locator(".tasks tbody tr:first-child a").getAttribute("href"),
    "/tasks/brand-new",
  );
  assert.match(await page.innerText(".tasks tbody tr:nth-child(2)"), /t-run-1[\s\S]*Completed/);
});

Deno.test("a task's page opens with why it is not running", async () => {
  await using visit = await visitDashboard();
  const { page, problems } = await visit.open("/tasks/t-wait-1");
  const why = await page.innerText(".why-not");
  assert.match(why, /It failed and is waiting to try again/);
  assert.match(
    why,
    /Attempt 3 of 5 comes next; the last error was: the AI provider answered 503\./,
  );
  assert.match(why, /Expected in 4\d s\./);
  assert.match(await page.innerText(".failure"), /provider_unavailable/);
  assert.match(await page.innerText("main"), /support-4711/);

  await page.click(".title .button");
  await page.click(".title .asking .danger");
  await page.waitForSelector(".title .badge:text('Cancelled')");
  assert.equal(await page.locator(".why-not").count(), 0);
  assert.deepEqual(visit.server.done, ["DELETE /tasks/t-wait-1"]);
  assert.deepEqual(problems, []);

  const gone = await page.goto(`${visit.server.url}/tasks/none`);
  assert.equal(gone!.status(), 404);
  assert.match(await page.innerText("main"), /There is no such task/);
});

Deno.test("a paused queue is resumed from the task that waits for it", async () => {
  await using visit = await visitDashboard();
  const { data } = visit.server;
  data.queues[0]!.paused = true;
  data.details[0]!.waiting_because = [{
    reason: "paused",
    detail: "the queue conversations was paused by ada at 2026-03-10T11:00:00Z",
    action: "resume",
  }];
  const { page } = await visit.open("/tasks/t-wait-1");
  await page.click("text=Resume conversations");
  await page.waitForFunction(() => !document.querySelector(".why-not"));
  assert.deepEqual(visit.server.done, ["DELETE /queues/conversations/pause"]);
  data.details[0]!.waiting_because = [{
    reason: "earlier_turn",
    detail: "one that goes first has not ended",
    task_id: "t-run-1",
  }];
  await page.reload();
  await page.click("text=The task that comes first");
  await page.waitForURL("**/tasks/t-run-1");
});

Deno.test("a task that waits for its time is let run now, with and without scripts", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/tasks/t-wait-1");
  await page.click(".why-not .button:text('Run now')");
  await page.waitForFunction(() => !document.querySelector(".why-not"));
  const plain = await visit.open("/tasks/t-wait-1", { javaScript: false });
  assert.equal(await plain.page.locator(".why-not").count(), 0);
  visit.server.data.details[0]!.waiting_because = [{
    reason: "scheduled",
    detail: "it was asked to run later",
    action: "hasten",
  }];
  await plain.page.reload();
  await plain.page.click(".why-not .button:text('Run now')");
  assert.equal(await plain.page.textContent(".notice"), "The task waits no longer for its time.");
  assert.deepEqual(visit.server.done, Array(2).fill("POST /tasks/t-wait-1/hasten"));
});

Deno.test("a task that waits for a place in its queue gets one, with and without scripts", async () => {
  await using visit = await visitDashboard();
  const { data } = visit.server;
  const full = [{
    reason: "concurrency" as const,
    detail: "all 10 places of the queue conversations are taken",
    action: "widen",
    limits: { concurrency: 20, rate_per_second: 5 },
  }];
  data.details[0]!.waiting_because = full;
  const { page } = await visit.open("/tasks/t-wait-1");
  await page.click(".why-not .button:text('Run 20 at once')");
  await page.click(".why-not .danger");
  await page.waitForFunction(() => !document.querySelector(".why-not"));
  data.details[0]!.waiting_because = full;
  const plain = await visit.open("/tasks/t-wait-1", { javaScript: false });
  await plain.page.click(".why-not .button:text('Run 20 at once')");
  assert.equal(await plain.page.textContent(".notice"), "Its queue has more room.");
  const limits = 'PUT /queues/conversations/limits {"concurrency":20,"rate_per_second":5}';
  assert.deepEqual(visit.server.done, [limits, limits]);
});

Deno.test("a failed task is retried from the list, and what ended meanwhile is refused in place", async () => {
  await using visit = await visitDashboard();
  const failed = visit.server.data.tasks.find((task) => task.status === "failed")!;
  const { page } = await visit.open("/tasks");
  const row = page.locator("tr", { has: page.locator(`[href='/tasks/${failed.task_id}']`) });
  await row.locator("button").click();
  await row.locator(".badge:text('Queued')").waitFor();
  assert.deepEqual(visit.server.done, [`POST /tasks/${failed.task_id}/retry`]);

  const running = page.locator("tr", { has: page.locator("[href='/tasks/t-run-1']") });
  visit.server.data.tasks[0]!.finished_at = new Date().toISOString();
  await running.locator("button").click();
  await running.locator(".danger").click();
  await running.locator(".said .bad").waitFor();
  assert.match(await running.innerText(), /This task is already finished\./);
});

Deno.test("without scripts tasks are filtered, read, cancelled and retried", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/tasks", { javaScript: false });
  await page.fill("[name=filter]", "queue:analytics");
  await page.click(".filters .button");
  assert.equal(await page.locator(".tasks tbody tr").count(), 1);
  await page.click(".tasks a");
  await page.click(".title button");
  assert.equal(await page.textContent(".notice"), "The task is cancelled.");
  await page.click(".title button");
  assert.equal(await page.textContent(".notice"), "The task is queued again.");
  assert.equal(await overflowsSideways(page), false);
});
