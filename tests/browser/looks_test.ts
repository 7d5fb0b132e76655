import assert from "node:assert/strict";
import axe from "axe-core";
import { islandsReady, overflowsSideways } from "../support/browser.ts";
import { OPERATOR_TOKEN } from "./dashboard_server.ts";
import { visitDashboard } from "./visit.ts";

const PAGES = [
  "/",
  "/tasks",
  "/tasks/t-wait-1",
  "/tasks/none",
  "/conversations",
  "/conversations/support-4711",
  "/bots",
  "/bots/returns",
  "/bots/new?teach=why",
  "/cache?key=answer:returns:1",
  "/cache?find=answer:*",
  "/schedules?ledger=daily-report",
  "/health?hours=1",
  "/settings",
  "/analytics",
  "/analytics?report=weekly&date=2026-03-05",
  "/analytics?report=daily",
  "/analytics?report=monthly",
];

Deno.test("every page fits a phone of 320 px and a wide screen", async () => {
  await using visit = await visitDashboard();
  for (const width of [320, 768, 2560]) {
    const { page } = await visit.open("/", { size: { width, height: 700 } });
    for (const path of PAGES) {
      await page.goto(visit.server.url + path);
      assert.equal(await overflowsSideways(page), false, `${path} at ${width}`);
    }
  }
});

Deno.test("on paper there is nothing to press, and dark ink on white", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/", { colorScheme: "dark" });
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  for (const path of ["/", "/tasks", "/health?hours=1"]) {
    await page.goto(visit.server.url + path);
    await islandsReady(page);
    assert.equal(await page.locator(":is(button, nav a):visible").count(), 0, path);
    const ink = await page.evaluate(() => getComputedStyle(document.body).color);
    const [red] = /\d+/.exec(ink)!;
    assert.ok(Number(red) < 100, `${path}: ${ink}`);
  }
});

for (const colorScheme of ["light", "dark"] as const) {
  Deno.test(`axe finds nothing on any page, ${colorScheme}`, async () => {
    await using visit = await visitDashboard();
    const { page } = await visit.browser.open({ colorScheme });
    const check = async (name: string) => {
      // The page's policy allows no foreign script; the debugger may evaluate one all the same.
      await page.evaluate(axe.source);
      const found = await page.evaluate(async () => {
        const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run();
        return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}`));
      });
      assert.deepEqual(found, [], name);
    };
    await page.goto(`${visit.server.url}/sign-in`);
    await check("/sign-in");
    await page.fill("[name=token]", OPERATOR_TOKEN);
    await page.click("main button");
    for (const path of PAGES) {
      await page.goto(visit.server.url + path);
      await islandsReady(page);
      await check(path);
    }
  });
}

Deno.test("a page's own scripts stay below 40 KB, and it paints without them", async () => {
  await using visit = await visitDashboard();
  const { page } = await visit.open("/");
  for (const path of PAGES) {
    await page.goto(visit.server.url + path);
    await islandsReady(page);
    const packed = await page.evaluate(() =>
      performance.getEntriesByType("resource")
        .filter((entry) => entry.name.endsWith(".js"))
        .reduce((sum, entry) => sum + (entry as PerformanceResourceTiming).encodedBodySize, 0)
    );
    assert.ok(packed > 0 && packed < 40_000, `${path}: ${packed} bytes`);
  }
  const html = await (await fetch(`${visit.server.url}/sign-in`)).text();
  assert.ok(!html.includes("<script"));
});

Deno.test("the policy allows no inline script or style, and none is there", async () => {
  await using visit = await visitDashboard();
  const { page, problems } = await visit.open("/");
  for (const path of PAGES) {
    const answer = await page.goto(visit.server.url + path);
    const policy = answer!.headers()["content-security-policy"] ?? "";
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
    assert.ok(!policy.includes("unsafe"));
    assert.equal(answer!.headers()["cache-control"], "no-store");
    const html = await answer!.text();
    assert.ok(!/\sstyle="|<style|<script>|\son\w+="/.test(html), path);
  }
  assert.deepEqual(problems.filter((problem) => !problem.includes("404")), []);
});
