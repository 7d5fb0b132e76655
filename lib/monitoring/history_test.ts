import assert from "node:assert/strict";
import { FakeClock } from "../clock.ts";
import { Database } from "../kv/database.ts";
import { silentLogger } from "../log.ts";
import { type HistoryPorts, PerformanceHistory } from "./history.ts";
import { HistoryStore, KEPT } from "./history_store.ts";
import type { SystemSample } from "./system.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Counters that a test turns, and a history that reads them. */
async function setUp(db: Database, clock: FakeClock) {
  const now = { hits: 0, misses: 0, completed: 0, failed: 0, depth: 0, cpu: 10 };
  const ports: HistoryPorts = {
    system: {
      latest: () =>
        ({ cpuPercent: now.cpu, cpuMinutePercent: now.cpu, memoryPercent: 20 }) as SystemSample,
    },
    cacheLookups: () => ({ hits: now.hits, misses: now.misses }),
    outcomes: () => ({ completed: now.completed, failed: now.failed }),
    load: () => Promise.resolve({ queueDepth: now.depth, latencyMs: null }),
  };
  const history = new PerformanceHistory(new HistoryStore(db), ports, silentLogger, clock);
  await history.start();
  return { now, history };
}

/** Time goes on minute by minute, each recorded before the next begins. */
async function pass(history: PerformanceHistory, clock: FakeClock, minutes: number) {
  for (let i = 0; i < minutes; i++) {
    clock.advance(MINUTE);
    await history.settled();
  }
}

Deno.test("rates are those of the last 24 hours, so that they recover", async () => {
  await using db = await Database.open({ path: ":memory:" });
  const clock = new FakeClock();
  const { now, history } = await setUp(db, clock);
  assert.deepEqual(await history.score(), { performance_score: 100, score_terms: [] });
  Object.assign(now, { hits: 1, misses: 3, completed: 9, failed: 1 });
  const inputs = await history.scoreInputs();
  assert.equal(inputs.hitRate, 25);
  assert.equal(inputs.successRate, 90);
  assert.equal((await history.score()).performance_score, 100 - 27.5 - 1.5);
  clock.advance(24 * HOUR - 1);
  assert.equal((await history.scoreInputs()).hitRate, 25);
  clock.advance(MINUTE);
  assert.equal((await history.scoreInputs()).hitRate, null);
  await history.close();
});

Deno.test("a restart loses no outcome and no rate", async () => {
  await using db = await Database.open({ path: ":memory:" });
  const clock = new FakeClock();
  const first = await setUp(db, clock);
  Object.assign(first.now, { hits: 3, misses: 1, completed: 4, failed: 0 });
  await pass(first.history, clock, 3);
  Object.assign(first.now, { hits: 6, misses: 2 });
  await first.history.close();

  const second = await setUp(db, clock);
  // The cache counts anew with each process; the database went on counting to 5.
  Object.assign(second.now, { hits: 2, misses: 0, completed: 4, failed: 1 });
  const inputs = await second.history.scoreInputs();
  assert.equal(inputs.hitRate, 80);
  assert.equal(inputs.successRate, 80);
  await second.history.close();

  const third = await setUp(db, clock);
  assert.equal((await third.history.scoreInputs()).hitRate, 80);
  await third.history.close();
});

Deno.test("minutes and hours are recorded, and read as they were asked for", async () => {
  await using db = await Database.open({ path: ":memory:" });
  const clock = new FakeClock();
  const start = clock.now();
  const { now, history } = await setUp(db, clock);
  for (let minute = 0; minute < 120; minute++) {
    now.depth = minute;
    now.hits += 3;
    now.misses += minute < 60 ? 1 : 0;
    now.cpu = minute < 60 ? 90 : 10;
    await pass(history, clock, 1);
  }
  const minutes = await history.read({
    metrics: ["queue_depth"],
    from: start,
    to: start + 3 * MINUTE,
  });
  assert.equal(minutes.granularity, "minute");
  assert.deepEqual(minutes.points, [
    { at: "2026-01-01T00:00:00.000Z", queue_depth: 0 },
    { at: "2026-01-01T00:01:00.000Z", queue_depth: 1 },
    { at: "2026-01-01T00:02:00.000Z", queue_depth: 2 },
  ]);
  const hours = await history.read({
    metrics: ["hit_rate", "success_rate", "cpu_percent", "score", "latency_ms", "queue_depth"],
    from: start,
    to: start + 2 * HOUR,
    granularity: "hour",
  });
  const none = { success_rate: null, latency_ms: null };
  // 75% of hits takes off 2.5, and 90% of CPU 2; the window mixes both hours in the second.
  assert.deepEqual(hours.points, [
    {
      at: "2026-01-01T00:00:00.000Z",
      hit_rate: 75,
      cpu_percent: 90,
      score: 95.5,
      queue_depth: 29.5,
      ...none,
    },
    {
      at: "2026-01-01T01:00:00.000Z",
      hit_rate: 100,
      cpu_percent: 10,
      score: hours.points[1]!.score,
      queue_depth: 89.5,
      ...none,
    },
  ]);
  assert.ok(hours.points[1]!.score! > 97.5);
  await history.close();
});

Deno.test("ports that hang cost a bounded wait, and nothing is counted twice afterwards", async () => {
  await using db = await Database.open({ path: ":memory:" });
  const clock = new FakeClock();
  const answer = Promise.withResolvers<{ hits: number; misses: number }>();
  let calls = 0;
  const ports: HistoryPorts = {
    system: { latest: () => ({ cpuPercent: 1, memoryPercent: 1 }) as SystemSample },
    cacheLookups: () => ++calls === 1 ? answer.promise : { hits: 10, misses: 10 },
    outcomes: () => ({ completed: 0, failed: 0 }),
    load: () => Promise.resolve({ queueDepth: 0, latencyMs: null }),
  };
  const history = new PerformanceHistory(new HistoryStore(db), ports, silentLogger, clock);
  await history.start();
  const asked = history.scoreInputs();
  clock.advance(1_000);
  assert.equal((await asked).hitRate, null);
  answer.resolve({ hits: 10, misses: 10 });
  await history.scoreInputs();
  await history.close();
  const minute = Math.floor(clock.now() / MINUTE);
  const [found] = await new HistoryStore(db).list("minute", minute, minute + 1);
  assert.deepEqual([found!.record.hits, found!.record.lookups], [10, 20]);
});

Deno.test("what is older than 48 hours of minutes and 400 days of hours is swept", async () => {
  await using db = await Database.open({ path: ":memory:" });
  const store = new HistoryStore(db);
  const minute = 30_000_000;
  const record = {
    score: 100,
    cpuPercent: 1,
    memoryPercent: 1,
    queueDepth: 0,
    latencyMs: null,
    hits: 0,
    lookups: 0,
    completed: 0,
    failed: 0,
  };
  const baseline = { completed: 0, failed: 0 };
  const ages = [0, KEPT.minute, KEPT.minute + 1, 60 * KEPT.hour, 60 * (KEPT.hour + 1)];
  for (const age of ages) await store.put(minute - age, record, baseline);
  assert.equal(await store.sweep(minute * MINUTE), 3 + 1);
  const left = async (granularity: "minute" | "hour") =>
    (await Array.fromAsync(db.kv.list({ prefix: ["health", granularity] }))).length;
  assert.equal(await left("minute"), 2);
  assert.equal(await left("hour"), 4);
});
