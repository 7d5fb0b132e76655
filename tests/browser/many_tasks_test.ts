import assert from "node:assert/strict";
import { JobEngine } from "../../lib/jobs/engine.ts";
import { enqueueMany } from "../../lib/jobs/bulk.ts";
import { systemClock } from "../../lib/clock.ts";
import { Database } from "../../lib/kv/database.ts";
import { silentLogger } from "../../lib/log.ts";
import { httpTaskKind } from "../../workers/http_task.ts";
import { islandsReady, startBrowser } from "../support/browser.ts";
import { long } from "../support/randomness.ts";
import { TestService } from "../support/service.ts";

const COUNT = long ? 1_000_000 : 20_000;
const AT_ONCE = 20_000;
/** What a person still calls quick; asserted where there are so many that it says something. */
const QUICK_MS = 5_000;

/** Fills a database with tasks of a queue that is held, as the engine itself queues them. */
async function fill(path: string): Promise<void> {
  const db = await Database.open({ path });
  const engine = new JobEngine({
    db,
    clock: systemClock,
    log: silentLogger,
    queues: { default: 1 },
    worker: "filler",
  });
  await engine.load();
  await engine.pause("default", "the test");
  const kind = httpTaskKind("remind", "default");
  for (let from = 0; from < COUNT; from += AT_ONCE) {
    const payloads = Array.from(
      { length: Math.min(AT_ONCE, COUNT - from) },
      (_, n) => ({ url: "http://127.0.0.1:9/", payload: { n: from + n } }),
    );
    await enqueueMany(engine, kind, payloads);
  }
  await engine.stop(1_000);
  await db.close();
}

Deno.test(`the list of tasks is quick with ${COUNT.toLocaleString("en")} of them`, async () => {
  const dataDir = await Deno.makeTempDir({ prefix: "pixel-many-" });
  try {
    await fill(`${dataDir}/pixel.sqlite`);
    await using service = await TestService.start({ dataDir });
    await using browser = await startBrowser();
    const { page, problems } = await browser.open();
    await page.goto(`${service.url}/sign-in?next=/tasks`);
    await page.fill("[name=token]", service.token);
    await page.click("main button");
    const took: Record<string, number> = {};
    const open = async (path: string) => {
      const startedAt = performance.now();
      await page.goto(service.url + path);
      await islandsReady(page);
      took[path] = Math.round(performance.now() - startedAt);
    };
    await open("/tasks");
    assert.match(
      await page.innerText(".queue-table tr:has-text('default')"),
      new RegExp(COUNT.toLocaleString("en")),
    );
    assert.equal(await page.locator(".tasks tbody tr").count(), 50);
    const newest = await page.getAttribute(".tasks tbody a", "href");
    await page.click(".paging a:text('Older')");
    await page.waitForURL(/cursor=/);
    assert.equal(await page.locator(".tasks tbody tr").count(), 50);
    assert.notEqual(await page.getAttribute(".tasks tbody a", "href"), newest);

    await open("/tasks?status=queued&queue=default");
    assert.equal(await page.locator(".tasks tbody tr").count(), 50);
    // The newest of all may be one that a schedule has just queued.
    const waiting = await page.getAttribute(".tasks tbody a", "href");
    // What fits nothing must not read everything before it says so.
    await open("/tasks?q=nothing-has-this-in-it");
    assert.match(await page.innerText("main"), long ? /Search on/ : /Search on|No task fits/);
    await open("/");
    await page.locator("h1", { hasText: `${COUNT.toLocaleString("en")} waiting` }).waitFor();
    await open(waiting!);
    assert.match(await page.innerText(".why-not"), /paused/i);
    console.log(`milliseconds until the islands answer: ${JSON.stringify(took)}`);
    if (long) {
      for (const [path, ms] of Object.entries(took)) assert.ok(ms < QUICK_MS, `${path}: ${ms} ms`);
    }
    assert.deepEqual(problems, []);
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
});
