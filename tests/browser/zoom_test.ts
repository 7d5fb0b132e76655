import assert from "node:assert/strict";
import { islandsReady } from "../support/browser.ts";
import { visitDashboard } from "./visit.ts";

Deno.test("a line is zoomed into, by code that is loaded only then", async () => {
  await using visit = await visitDashboard();
  const { page, problems } = await visit.open("/health?hours=1");
  const scripts = () =>
    page.evaluate(() =>
      performance.getEntriesByType("resource").filter(({ name }) => name.endsWith(".js"))
        .map(({ name }) => name)
    );
  const before = await scripts();
  await page.click("figure:has-text('CPU') [data-zoom]");
  await page.waitForSelector("dialog.zoomed canvas");
  const added = (await scripts()).filter((name) => !before.includes(name));
  assert.ok(added.some((name) => /zoom/.test(name)), added.join());

  const box = (await page.locator(".zoomed .u-over").boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.waitForSelector(".zoomed p:text-matches('\\\\d+(\\\\.\\\\d)?%$')");
  const middle = await page.innerText(".zoomed p");
  // Drawn over the right half, the middle of the plot shows a later minute than before.
  await page.mouse.down();
  await page.mouse.move(box.x + box.width - 5, box.y + box.height / 2, { steps: 5 });
  await page.mouse.up();
  await page.mouse.move(box.x + box.width / 2 + 1, box.y + box.height / 2 + 1);
  await page.waitForFunction(
    (text) => document.querySelector(".zoomed p")!.textContent !== text,
    middle,
  );
  const later = await page.innerText(".zoomed p");
  const time = (text: string) => /\d\d:\d\d/.exec(text)![0];
  assert.ok(time(later) > time(middle), `${middle} → ${later}`);
  await page.click(".zoomed button:text('All of it')");
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("dialog.zoomed").count(), 0);
  assert.deepEqual(problems, []);
});

Deno.test("charts and zoom tell times in the visitor's zone, with UTC beside", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/health?hours=1");
  await page.addInitScript(() => {
    const drawn: string[] = [];
    Object.assign(globalThis, { drawn });
    const write = CanvasRenderingContext2D.prototype.fillText;
    CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
      drawn.push(text);
      write.call(this, text, ...place);
    };
  });
  await page.reload();
  await islandsReady(page);
  const chart = page.locator("figure:has-text('CPU')");
  const times = (texts: string[]) => texts.filter((text) => /^\d\d:\d\d$/.test(text));
  // The hour before 12:00 UTC, which is 13:00 in Berlin in March.
  const axis = times(await chart.locator(".at-narrow .grid text").allTextContents());
  assert.ok(axis.length > 1 && axis.every((time) => /^1(2:|3:00)/.test(time)), axis.join());
  await chart.locator("summary").click();
  assert.match(
    await chart.locator("tbody tr").last().innerText(),
    /^10 Mar, 1(2:5\d|3:00) \(1(1:5\d|2:00) UTC\)/,
  );
  await chart.locator("[data-zoom]").click();
  await page.waitForSelector("dialog.zoomed canvas");
  assert.match(await page.innerText(".zoomed p"), /Times: Europe\/Berlin\./);
  await page.waitForFunction(() => (globalThis as unknown as { drawn: string[] }).drawn.length > 0);
  const zoomed = times(
    await page.evaluate(() => (globalThis as unknown as { drawn: string[] }).drawn),
  );
  assert.ok(zoomed.length > 1 && zoomed.every((time) => /^1(2:|3:00)/.test(time)), zoomed.join());
});
