import assert from "node:assert/strict";
import { visitDashboard } from "./visit.ts";

Deno.test("Analytics opens on this week, and every report is one click away", async () => {
  await using visit = await visitDashboard();
  const { page, problems } = await visit.open("/analytics");
  assert.equal(await page.textContent("h1"), "Week from Monday, 9 March 2026");
  assert.match(await page.innerText(".title"), /So far/);
  assert.equal(await page.locator(".chart > svg:visible .bar").count(), 2);
  assert.equal(await page.locator(".chart > svg:visible .bar.partial").count(), 1);

  await page.click("[rel=prev]");
  assert.equal(await page.textContent("h1"), "Week from Monday, 2 March 2026");
  assert.match(await page.innerText(".figures"), /12,420\s+1,774\.29 a day/);
  await page.click("text=Numbers");
  assert.match(await page.innerText(".chart details"), /Thu 5 Mar\s+2,412/);

  await page.click("text=Month");
  assert.equal(await page.textContent("h1"), "March 2026");
  assert.match(await page.innerText(".report"), /\+12\.4%[\s\S]*−1\.8%/);
  assert.equal(await page.locator(".chart > svg:visible .bar").count(), 10);

  await page.click("text=Day");
  assert.match(await page.innerText(".report"), /Returns desk\s+402\s+4\.02/);
  assert.match(await page.innerText(".report"), /Travel\s+77\s+–/);
  assert.deepEqual(problems, []);
});

Deno.test("the date picker works without scripts, and a date that is none falls back to today", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/analytics?report=daily", { javaScript: false });
  assert.equal(await page.textContent("h1"), "Tuesday, 10 March 2026");
  await page.fill("[name=date]", "2026-02-14");
  await page.click("text=Show");
  assert.equal(await page.textContent("h1"), "Saturday, 14 February 2026");
  assert.equal(new URL(page.url()).searchParams.get("report"), "daily");
  for (const date of ["2026-02-30", "2027-01-01", "'\"><x"]) {
    await page.goto(`${visit.server.url}/analytics?report=daily&date=${encodeURIComponent(date)}`);
    assert.equal(await page.textContent("h1"), "Tuesday, 10 March 2026", date);
  }
});
