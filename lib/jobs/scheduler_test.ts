import assert from "node:assert/strict";
import { eventually } from "../../tests/support/eventually.ts";
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
  const jobs = async () => (await Array.fromAsync(database.kv.list({ prefix: ["job"] }))).length;
  return { db: database, engine, scheduler, jobs };
}

Deno.test("ticks are those of the expression, in UTC", () => {
  const at = Date.parse("2026-03-29T03:59:59Z");
  assert.equal(new Date(nextTick(nightly.timing, at)).toISOString(), "2026-03-29T04:00:00.000Z");
  assert.equal(lastTick(nightly.timing, at), Date.parse("2026-03-28T04:00:00Z"));
  assert.equal(lastTick(nightly.timing, at + 1_000), at + 1_000);
  assert.equal(nextTick({ everyMs: 30_000 }, 60_000), 90_000);
});

Deno.test("a tick of the coming second is not the last one", () => {
  const at = Date.parse("2026-03-29T03:59:59.500Z");
  assert.equal(lastTick(nightly.timing, at), Date.parse("2026-03-28T04:00:00Z"));
  assert.equal(lastTick(nightly.timing, at + 500), at + 500);
  assert.equal(lastTick(nightly.timing, at + 1_200), at + 500);
});

/** The ticks of a Berlin schedule from a day on, and the same looked up backwards. */
function berlin(cron: string, from: string, count: number): string[] {
  const timing = { cron, zone: "Europe/Berlin" };
  const ticks: number[] = [];
  for (let at = Date.parse(from); ticks.length < count;) ticks.push(at = nextTick(timing, at));
  for (const [i, tick] of ticks.entries()) {
    assert.equal(lastTick(timing, tick), tick);
    if (i > 0) assert.equal(lastTick(timing, tick - 1), ticks[i - 1]);
  }
  return ticks.map((tick) => new Date(tick).toISOString().slice(5, 16));
}

Deno.test("in a time zone, days on which clocks change have each tick once", () => {
  // On 29 March 02:00 is followed by 03:00 of summer time; on 25 October 03:00 by 02:00 of winter's.
  assert.deepEqual(berlin("30 2 * * *", "2026-03-28", 3), [
    "03-28T01:30",
    "03-29T01:00", // 02:30 does not exist: at once when the clock is past it
    "03-30T00:30",
  ]);
  assert.deepEqual(berlin("30 2 * * *", "2026-10-24", 3), [
    "10-24T00:30",
    "10-25T00:30", // comes twice: the first of them
    "10-26T01:30",
  ]);
  assert.deepEqual(berlin("0 9 * * *", "2026-10-24", 2), ["10-24T07:00", "10-25T08:00"]);
  for (const day of ["2026-03-28T22:30Z", "2026-10-24T22:30Z"]) {
    const hours = berlin("0 * * * *", day, 6).map((tick) => Date.parse(`2026-${tick}Z`));
    assert.ok(hours.every((at, i) => i === 0 || at - hours[i - 1]! === HOUR), "every hour");
  }
});

Deno.test("a timing that cannot be kept is refused", async () => {
  const clock = new FakeClock();
  await using db = await Database.open({ path: ":memory:" });
  for (
    const timing of [
      { cron: "61 * * * *" },
      { cron: "0 4 * * *", zone: "Mars/Base" },
      {
        everyMs: 10,
      },
      { everyMs: Infinity },
      { everyMs: NaN },
      { cron: "0 0 30 2 *" },
    ]
  ) await assert.rejects(open(clock, [{ ...nightly, timing }], db), RangeError);
});

Deno.test("two schedules of one name are refused", async () => {
  await using db = await Database.open({ path: ":memory:" });
  await assert.rejects(open(new FakeClock(), [nightly, { ...nightly }], db), RangeError);
});

Deno.test("runs by hand in one moment all happen, and none once the scheduler is stopped", async () => {
  const clock = new FakeClock();
  const { db, scheduler, jobs } = await open(clock, [nightly]);
  for (let run = 0; run < 3; run++) await scheduler.runNow("nightly", "ops");
  assert.equal(await jobs(), 3);
  scheduler.stop();
  await assert.rejects(
    scheduler.runNow("nightly", "ops"),
    (e: AppError) => e.code === "unavailable",
  );
  await db.close();
});

Deno.test("a schedule goes on when a clock that was ahead is set back, each tick once", async () => {
  const clock = new FakeClock(Date.parse("2026-01-01T00:30:00Z"));
  const ticks: string[] = [];
  const hourly: Schedule = {
    ...nightly,
    timing: { cron: "0 * * * *" },
    catchUp: "latest",
    enqueue(tx, engine, tick) {
      tx.afterCommit(() => ticks.push(new Date(tick).toISOString().slice(11, 13)));
      return engine.prepare(tx, chore, {});
    },
  };
  const { db, scheduler } = await open(clock, [hourly]);
  await scheduler.bring();
  clock.set(3 * HOUR);
  await scheduler.bring();
  clock.set(-3 * HOUR);
  for (let hour = 0; hour < 4; hour++) {
    clock.advance(HOUR);
    await scheduler.bring();
  }
  assert.deepEqual(ticks, ["03", "01", "02", "04"]);
  await db.close();
});

Deno.test("a schedule may owe all it missed: each tick once, in order, also when interrupted", async () => {
  const clock = new FakeClock(Date.parse("2026-01-01T03:00:00Z"));
  const fired: number[] = [];
  const owing: Schedule = {
    ...nightly,
    catchUp: "all",
    enqueue(tx, engine, tick) {
      if (fired.length === 2) throw new Error("the process ends here");
      tx.afterCommit(() => fired.push(tick));
      return engine.prepare(tx, chore, {});
    },
  };
  const first = await open(clock, [owing]);
  await first.scheduler.start();
  first.scheduler.stop();
  clock.advance(5 * 24 * HOUR);
  const second = await open(clock, [owing], first.db);
  await assert.rejects(second.scheduler.start(), /ends here/);
  second.scheduler.stop();
  const rest: Schedule = {
    ...owing,
    enqueue: (tx, engine, tick) => {
      tx.afterCommit(() => fired.push(tick));
      return engine.prepare(tx, chore, {});
    },
  };
  const third = await open(clock, [rest], first.db);
  await third.scheduler.start();
  const days = fired.map((tick) => new Date(tick).toISOString().slice(0, 13));
  assert.deepEqual(days, [1, 2, 3, 4, 5].map((day) => `2026-01-0${day}T04`));
  assert.deepEqual(
    (await third.scheduler.ledger("nightly")).map(({ kind, missed }) => [kind, missed]),
    Array.from({ length: 5 }, () => ["backfilled", 0]),
  );
  third.scheduler.stop();
  await first.db.close();
});

Deno.test("a tick fires once, whoever brings it and however often", async () => {
  const clock = new FakeClock(Date.parse("2026-01-01T03:00:00Z"));
  const { db, scheduler, jobs } = await open(clock, [nightly]);
  await scheduler.start();
  clock.advance(HOUR + 1);
  await eventually(async () => await jobs() === 1, "the job is queued");
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
    await eventually(
      async () => (await scheduler.ledger("often")).length > before,
      `a line of the ledger: ${expected}`,
    );
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

Deno.test("a process that is woken each minute brings every tick once, and what was missed", async () => {
  const clock = new FakeClock(Date.parse("2026-01-01T03:59:30Z"));
  const each: Schedule = { ...nightly, name: "each minute", timing: { everyMs: 60_000 } };
  const all: Schedule = {
    ...nightly,
    name: "hourly",
    timing: { cron: "0 * * * *" },
    catchUp: "all",
  };
  const one = await open(clock, [nightly, each, all]);
  const two = await open(clock, [nightly, each, all], one.db);
  const kinds = async (name: string) => (await one.scheduler.ledger(name)).map((tick) => tick.kind);
  await one.scheduler.bring(); // a new installation owes nothing
  assert.equal(await one.jobs(), 0);
  clock.advance(60_000);
  await Promise.all([one.scheduler.bring(), two.scheduler.bring(), one.scheduler.bring()]);
  for (const { name } of [nightly, each, all]) assert.deepEqual(await kinds(name), ["fired"], name);
  assert.equal(await one.jobs(), 3);
  clock.advance(3 * HOUR);
  await two.scheduler.bring();
  assert.deepEqual(await kinds("hourly"), ["backfilled", "backfilled", "backfilled", "fired"]);
  assert.deepEqual(await kinds("each minute"), ["backfilled", "fired"]);
  assert.equal((await one.scheduler.ledger("each minute"))[0]!.missed, 179);
  await one.db.close();
});
