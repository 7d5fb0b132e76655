import assert from "node:assert/strict";
import { overflowsSideways } from "../support/browser.ts";
import { finishedTask } from "./sample_data.ts";
import { visitDashboard } from "./visit.ts";

Deno.test("filters live in the address, and pages follow a cursor", async () => {
  await using visit = await visitDashboard();
  const { page, problems } = await visit.open("/tasks");
  assert.equal(await page.locator(".tasks tbody tr").count(), 50);
  await page.selectOption("[name=status]", "failed");
  await page.click("text=Filter");
  assert.equal(new URL(page.url()).searchParams.get("status"), "failed");
  assert.equal(await page.locator(".tasks tbody tr").count(), 8);
  assert.equal(await page.inputValue("[name=status]"), "failed");
  await page.reload();
  assert.equal(await page.locator(".tasks tbody tr").count(), 8);

  await page.click("text=Reset");
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

Deno.test("news change rows in place, and newer tasks wait until they are asked for", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/tasks");
  await page.waitForSelector("[data-mode=live]");
  const { tasks } = visit.server.data;
  tasks[0]!.status = "completed";
  tasks.unshift({ ...finishedTask(0), task_id: "brand-new" });
  visit.server.emit("task");
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
  await page.selectOption("[name=queue]", "analytics");
  await page.click("text=Filter");
  assert.equal(await page.locator(".tasks tbody tr").count(), 1);
  await page.click(".tasks a");
  await page.click(".title button");
  assert.equal(await page.textContent(".notice"), "The task is cancelled.");
  await page.click(".title button");
  assert.equal(await page.textContent(".notice"), "The task is queued again.");
  assert.equal(await overflowsSideways(page), false);
});
