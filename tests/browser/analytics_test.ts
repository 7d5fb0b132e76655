import assert from "node:assert/strict";
import { visitDashboard } from "./visit.ts";

Deno.test("every report of the calendar is one click away", async () => {
  await using visit = await visitDashboard();
  const { page, problems } = await visit.open("/analytics");
  await page.click(".segments >> text=Week");
  assert.equal(await page.textContent("h1"), "Week from Monday, 9 March 2026");
  assert.match(await page.innerText(".title"), /So far/);
  assert.equal(await page.locator(".chart > svg:visible .bar").count(), 2);
  assert.equal(await page.locator(".chart > svg:visible .bar.partial").count(), 1);

  await page.click("[rel=prev]");
  assert.equal(await page.textContent("h1"), "Week from Monday, 2 March 2026");
  assert.match(await page.innerText(".figures"), /12,420\s+1,774\.29 a day/);
  await page.click("text=Numbers");
  assert.match(await page.innerText(".chart details"), /Thu 5 Mar\s+2,412/);

  await page.click(".segments >> text=Month");
  assert.equal(await page.textContent("h1"), "March 2026");
  assert.match(await page.innerText(".report"), /\+12\.4%[\s\S]*−1\.8%/);
  assert.equal(await page.locator(".chart > svg:visible .bar").count(), 10);

  await page.click(".segments >> text=/^Day$/");
  assert.match(await page.innerText(".report"), /Returns desk\s+402\s+4\.02/);
  assert.match(await page.innerText(".report"), /Travel\s+77\s+–/);
  assert.deepEqual(problems, []);
});

Deno.test("Analytics opens on the last 7 days, today among them and marked", async () => {
  await using visit = await visitDashboard();
  const { page, problems } = await visit.open("/analytics");
  await page.reload();
  assert.equal(await page.textContent("h1"), "Last 7 days");
  assert.match(await page.innerText(".title"), /Today so far\s+days of Europe\/Berlin/);
  assert.equal(await page.locator(".chart > svg:visible .bar").count(), 7);
  assert.equal(await page.locator(".chart > svg:visible .bar.partial").count(), 1);
  const text = await page.innerText(".figures");
  assert.match(text, /9,100\s+\+12\.4% on the same time before/);
  assert.match(
    text,
    /3,108\s+410 new\s+was 2,990\s+Answered\s+91\.4%\s+of 13,300 turns\s+was 90\.2%/,
  );
  assert.match(text, /100%\s+of 7 turns, few\s+Median answer\s+0\.2 s\s+p90 0\.9 s\s+was 0\.3 s/);
  assert.equal(await page.locator(".cell").count(), 168);
  assert.equal(await page.locator(".cell.none").count(), 6);
  assert.match(await page.innerText(".cohorts"), /Mon 12 Jan\s+120\s+41\.5%\s+28\.1%\s+12\.2%/);
  assert.match(await page.innerText(".questions:not(.odd)"), /Do you ship to Madeira\?/);

  const outcomes = await page.innerText("[aria-label='How conversations went']");
  assert.match(outcomes, /84\.5%\s+of 9,050 conversations/);
  assert.match(outcomes, /Contained, no return in 24 h\s+71\.2%\s+of 8,900 conversations/);
  assert.match(await page.innerText("[aria-label=Users]"), /New\s+410[\s\S]*240 of the 2,140/);
  const odd = await page.innerText(".odd");
  assert.match(
    odd,
    /6 March.*: 1,200 conversations\s+usual for the weekday 780 to 1,020, by 8 weeks/,
  );

  await page.click("text=28 days");
  assert.equal(await page.locator(".chart > svg:visible .bar").count(), 28);
  await page.selectOption("[name=bot]", "returns");
  await page.click(".picker .button");
  const asked = new URL(page.url()).searchParams;
  assert.deepEqual([asked.get("days"), asked.get("bot")], ["28", "returns"]);
  assert.equal(await page.locator(".cohorts").count(), 0);
  assert.ok(!(await page.innerText(".figures")).includes("Active users"));
  assert.equal(await page.locator("[aria-label=Users]").count(), 0);
  assert.deepEqual(problems, []);
});

Deno.test("a chart is read value by value, with a pointer and with keys", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/analytics");
  const chart = page.locator(".chart > svg:visible").first();
  await chart.focus();
  await page.keyboard.press("Home");
  assert.equal(await page.innerText(".tooltip"), "Wed 4 Mar: 1,000");
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.innerText(".tooltip"), "Thu 5 Mar: 1,100");
  await page.keyboard.press("End");
  assert.equal(await page.innerText(".tooltip"), "Tue 10 Mar (so far): 1,600");
  await page.keyboard.press("Escape");
  assert.equal(await page.isVisible(".tooltip"), false);
  await chart.hover({ position: { x: 60, y: 100 } });
  assert.equal(await page.innerText(".tooltip"), "Wed 4 Mar: 1,000");
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
