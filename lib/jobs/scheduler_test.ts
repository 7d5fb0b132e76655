import assert from "node:assert/strict";
import { z } from "zod";
import { FakeClock } from "../clock.ts";
import type { AppError } from "../errors.ts";
import { Database } from "../kv/database.ts";
import { silentLogger } from "../log.ts";
import { defineJob } from "./definition.ts";
import { JobEngine } from "./engine.ts";
import { lastTick, nextTick } from "./schedule.ts";
import { type Schedule, Scheduler } from "./scheduler.ts";

const chore = defineJob({ kind: "chore", queue: "default", payload: z.object({}), perform() {} });
const enqueue: Schedule["enqueue"] = (tx, engine) => engine.prepare(tx, chore, {});
const nightly: Schedule = {
  name: "nightly",
  timing: { cron: "0 4 * * *" },
  description: "cleans up",
  enqueue,
};
const HOUR = 3_600_000;

/** A scheduler over an engine that does not run, so that its jobs stay queued and can be counted. */
async function open(clock: FakeClock, schedules: Schedule[], db?: Database) {
  const database = db ?? await Database.open({ path: ":memory:" });
  const options = { db: database, clock, log: silentLogger };
  const engine = new JobEngine({ ...options, queues: { default: 1 }, worker: "test" });
  const scheduler = new Scheduler({ ...options, engine }, schedules);
  const jobs = async () =>
    (await Array.fromAsync(database.kv.list({ prefix: ["jobs", "j"] }))).length;
  return { db: database, engine, scheduler, jobs };
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assert.fail("it did not come to that");
}

Deno.test("ticks are those of the expression, in UTC", () => {
  const at = Date.parse("2026-03-29T03:59:59Z");
  assert.equal(new Date(nextTick(nightly.timing, at)).toISOString(), "2026-03-29T04:00:00.000Z");
  assert.equal(lastTick(nightly.timing, at), Date.parse("2026-03-28T04:00:00Z"));
  assert.equal(lastTick(nightly.timing, at + 1_000), at + 1_000);
  assert.equal(nextTick({ everyMs: 30_000 }, 60_000), 90_000);
});

Deno.test("a tick fires once, whoever brings it and however often", async () => {
  const clock = new FakeClock(Date.parse("2026-01-01T03:00:00Z"));
  const { db, scheduler, jobs } = await open(clock, [nightly]);
  await scheduler.start();
  clock.advance(HOUR + 1);
  await until(async () => await jobs() === 1);
  await Promise.all([1, 2, 3].map(() => scheduler.tick("nightly")));
  assert.equal(await jobs(), 1);
  assert.equal((await scheduler.ledger("nightly")).length, 1);
  scheduler.stop();
  await db.close();
});

Deno.test("what was missed while nothing ran is run once, the latest, and counted", async () => {
  const clock = new FakeClock(Date.parse("2026-01-01T03:00:00Z"));
  const first = await open(clock, [nightly]);
  await first.scheduler.start();
  assert.equal(await first.jobs(), 0, "a new installation owes nothing");
  first.scheduler.stop();
  clock.advance(5 * 24 * HOUR);
  const second = await open(clock, [nightly], first.db);
  await second.scheduler.start();
  assert.equal(await second.jobs(), 1);
  const [line] = await second.scheduler.ledger("nightly");
  assert.deepEqual([line?.kind, line?.missed], ["backfilled", 4]);
  second.scheduler.stop();
  const third = await open(clock, [nightly], first.db);
  await third.scheduler.start();
  assert.equal(await third.jobs(), 1, "another start owes nothing more");
  third.scheduler.stop();
  await first.db.close();
});

Deno.test("a schedule may owe nothing after downtime", async () => {
  const clock = new FakeClock(Date.parse("2026-01-01T03:00:00Z"));
  const lazy: Schedule = { ...nightly, catchUp: "none" };
  const first = await open(clock, [lazy]);
  await first.scheduler.start();
  first.scheduler.stop();
  clock.advance(48 * HOUR);
  const second = await open(clock, [lazy], first.db);
  await second.scheduler.start();
  assert.equal(await second.jobs(), 0);
  second.scheduler.stop();
  await first.db.close();
});

Deno.test("paused and overlapping ticks are skipped and said so; run now works all the same", async () => {
  const clock = new FakeClock(Date.parse("2026-01-01T00:00:00Z"));
  const often: Schedule = {
    ...nightly,
    name: "often",
    timing: { everyMs: 1_000 },
    overlap: "skip",
  };
  const { db, scheduler, jobs } = await open(clock, [often]);
  await scheduler.start();
  const tick = async (expected: string) => {
    const before = (await scheduler.ledger("often")).length;
    clock.advance(1_000);
    await until(async () => (await scheduler.ledger("often")).length > before);
    assert.equal((await scheduler.ledger("often"))[0]?.kind, expected);
  };
  await tick("fired");
  await tick("skipped"); // its job still waits, since this engine does not run
  assert.equal(await jobs(), 1);
  await scheduler.pause("often", "ops");
  assert.equal((await scheduler.list())[0]?.paused?.by, "ops");
  await tick("skipped");
  clock.advance(1);
  await scheduler.runNow("often", "ops");
  assert.equal(await jobs(), 2);
  await scheduler.resume("often");
  assert.equal((await scheduler.list())[0]?.paused, null);
  await assert.rejects(scheduler.pause("never", "ops"), (e: AppError) => e.code === "not_found");
  scheduler.stop();
  await db.close();
});
