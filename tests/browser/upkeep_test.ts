import assert from "node:assert/strict";
import { islandsReady } from "../support/browser.ts";
import { VIEWER_TOKEN } from "./dashboard_server.ts";
import { visitDashboard } from "./visit.ts";

Deno.test("the cache shows its namespaces, a key's value, and says how much a pattern clears", async () => {
  await using visit = await visitDashboard();
  const { page, problems } = await visit.open("/cache");
  assert.match(await page.innerText("main"), /answer\s+11,870\s+8,911\s+3,120\s+74\.1%/);
  assert.match(await page.innerText("main"), /This process\s+In use\s+31,004[\s\S]*0\.4 µs/);
  await page.fill("[name=find]", "returns");
  await page.click("[role=search] button");
  assert.equal(await page.locator(".keys-found tbody tr").count(), 1);
  await page.click(".keys-found a:text('answer:')");
  assert.equal(new URL(page.url()).search, "?find=returns&key=answer%3Areturns%3A1");
  assert.match(await page.innerText(".value pre"), /"source": "knowledge"/);
  assert.match(await page.innerText(".value dl"), /1\.8 KB[\s\S]*in 49 min[\s\S]*0\.8 s/);
  await islandsReady(page);
  await page.click("text=Clear this key");
  await page.click(".value .danger");
  await page.waitForSelector(".value .said:text('Cleared.')");
  assert.deepEqual(visit.server.done, ["DELETE /cache/key/answer%3Areturns%3A1"]);
  await page.reload();
  assert.match(await page.innerText(".notice"), /There is no key answer:returns:1/);

  await islandsReady(page);
  await page.fill("[name=pattern]", "nothing:*");
  await page.click(".clear-cache .button");
  await page.waitForSelector(".clear-cache .said:text('nothing would be cleared')");
  await page.fill("[name=pattern]", "answer:*");
  await page.click(".clear-cache .button");
  await page.waitForSelector(".asking");
  assert.match(await page.innerText(".asking"), /Clear 124 keys like answer:\*\?/);
  await page.click(".clear-cache .danger");
  await page.waitForSelector("text=Cleared 124 keys.");
  visit.server.data.cache.connected = false;
  await page.waitForSelector("[data-mode=live]");
  visit.server.emit("health");
  await page.waitForSelector("text=Redis is away");
  assert.deepEqual(problems, []);
});

Deno.test("schedules speak plainly, and one runs now", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/schedules");
  const rows = await page.locator(".schedules tbody tr").allInnerTexts();
  assert.match(rows[2]!, /Every Monday at 02:00 UTC[\s\S]*Failed/);
  assert.match(rows[3]!, /On the 1st of every month at 03:00 UTC[\s\S]*never/);
  const daily = page.locator(".schedules tr", { hasText: "Daily report" });
  await daily.locator("button:text('Run now')").click();
  assert.match(await daily.innerText(), /Run Daily report now, besides its usual times\?/);
  await daily.locator(".danger").click();
  await daily.locator("a:text('Started')").click();
  await page.waitForURL("**/tasks/t-run-1");
  assert.deepEqual(visit.server.done, ["POST /schedules/daily-report/run"]);

  await page.goto(`${visit.server.url}/schedules`);
  await islandsReady(page);
  await daily.locator("button:text('Pause')").click();
  assert.match(await daily.innerText(), /not made up for/);
  await daily.locator(".danger").click();
  await daily.locator(".badge:visible:text('Paused by ada')").waitFor();
  await daily.locator("button:text('Resume')").click();
  await daily.locator("button:text('Pause')").waitFor();
  assert.deepEqual(visit.server.done.slice(1), [
    "PUT /schedules/daily-report/pause",
    "DELETE /schedules/daily-report/pause",
  ]);
  await daily.locator("a:text('Ledger')").click();
  const lines = await page.locator(".ledger tbody tr").allInnerTexts();
  assert.match(lines[0]!, /At its time\s+Completed/);
  assert.match(lines[1]!, /By hand\s+Failed\s+ada/);
  assert.match(lines[2]!, /Skipped\s+–/);
  assert.match(lines[3]!, /After downtime\s+2 missed while nothing ran\s+no longer kept/);
});

Deno.test("without scripts keys are found, and clearing asks before it clears", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/cache?find=answer:*", { javaScript: false });
  assert.equal(await page.locator(".keys-found tbody tr").count(), 1);
  await page.fill("[name=pattern]", "answer:*");
  await page.click(".clear-cache .button");
  assert.match(await page.innerText(".notice"), /Clear 124 keys like answer:\*\?/);
  await page.click(".notice .danger");
  assert.match(await page.innerText(".notice"), /Cleared 124 keys from the cache/);
  await page.goto(`${visit.server.url}/schedules`);
  await page.click("tr:has-text('Daily report') button:text('Pause')");
  assert.match(await page.innerText(".notice"), /The schedule is paused/);
});

Deno.test("health shows raised alerts first, and history by a chosen span", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/health");
  assert.match(await page.innerText(".alerts"), /Tasks wait too long[\s\S]*has waited 74 s/);
  await page.click("text=Acknowledge");
  await page.waitForSelector("text=seen by ada");
  assert.equal(await page.locator(".trends .panel").count(), 3);
  await page.click("text=1 hour");
  assert.equal(new URL(page.url()).searchParams.get("hours"), "1");
  assert.match(await page.innerText(".trends"), /CPU/);

  visit.server.data.alerts = null;
  // Histories are shared for ten seconds with those who do not ask for them anew.
  await page.setExtraHTTPHeaders({ "cache-control": "no-cache" });
  visit.server.data.broken.push("/performance/history");
  await page.goto(`${visit.server.url}/health?hours=constructor`);
  assert.equal(await page.locator(".alerts").count(), 0);
  assert.match(await page.innerText("main"), /Nothing was recorded in this time\./);
});

Deno.test("settings tell who one is; the update interval holds on every page", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/settings", { token: VIEWER_TOKEN });
  await page.reload();
  assert.match(await page.innerText("main"), /vera[\s\S]*Viewer[\s\S]*Europe\/Berlin/);
  const kept = await page.innerText(".kept");
  assert.match(kept, /Database\s+179 MB[\s\S]*12 MB[\s\S]*2\.3 MB[\s\S]*1, the newest of/);
  assert.match(kept, /audit log\s+400 days\s+KEEP_AUDIT_DAYS[\s\S]*reports and.*for ever/);
  await page.selectOption("main select", "30");
  await page.goto(`${visit.server.url}/tasks`);
  await page.waitForSelector("[data-mode=interval]");
  assert.equal(await page.innerText(".switch"), "Every 30 s");
  await visit.server.streamsClosed();
  assert.equal(visit.server.streams.length, 0);
  await page.click(".account summary");
  await page.selectOption(".account select", "0");
  await page.waitForSelector("[data-mode=live]");
});

Deno.test("keys: help, search, pages and rows; times are told in the visitor's zone", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/tasks");
  await page.press("body", "?");
  assert.match(await page.innerText("dialog"), /Go to Background Tasks/);
  await page.keyboard.press("Escape");
  await page.press("body", "j");
  await page.keyboard.press("j");
  assert.equal(
    await page.evaluate(() => document.activeElement?.getAttribute("href")),
    await page.getAttribute(".tasks tbody tr:nth-child(2) a", "href"),
  );
  await page.hover(".tasks time:visible >> nth=0");
  assert.match(
    await page.getAttribute(".tasks time:visible >> nth=0", "title") ?? "",
    /^10 Mar 2026, 1[23]:\d\d:\d\d Europe\/Berlin \(1[12]:\d\d:\d\d UTC\)$/,
  );
  await page.press("body", "/");
  await page.keyboard.type("?gj");
  assert.equal(await page.inputValue("input[type=search]"), "?gj");
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await page.keyboard.press("g");
  await page.keyboard.press("s");
  await page.waitForURL("**/schedules");
});
