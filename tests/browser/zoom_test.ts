import assert from "node:assert/strict";
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
  assert.ok(later.slice(0, 5) > middle.slice(0, 5), `${middle} → ${later}`);
  await page.click(".zoomed button:text('All of it')");
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("dialog.zoomed").count(), 0);
  assert.deepEqual(problems, []);
});
