import assert from "node:assert/strict";
import { FakeClock, systemClock } from "../clock.ts";
import { Database } from "../kv/database.ts";
import type { HealthCheck, HealthStatus } from "./checks/check.ts";
import { databaseCheck, smtpCheck } from "./checks/services.ts";
import { DEFAULT_THRESHOLDS, standardChecks } from "./checks/standard.ts";
import { backlogCheck, type QueueLoad } from "./checks/work.ts";
import { HealthService } from "./health.ts";
import type { SystemSample } from "./system.ts";

const sample: SystemSample = {
  at: 0,
  cpuPercent: 12.345,
  cpuMinutePercent: 10,
  memoryPercent: 20,
  memoryUsedBytes: 200,
  memoryTotalBytes: 1_000,
  memorySource: "host",
  diskPercent: 30,
  diskFreeBytes: 50 * 1024 ** 3,
  diskTotalBytes: 100 * 1024 ** 3,
  diskAt: 0,
  eventLoopLagMs: 3,
  rssBytes: 60e6,
};
const system = (change: Partial<SystemSample> = {}) => ({
  latest: () => ({ ...sample, ...change }),
});
const queue: QueueLoad = {
  name: "conversations",
  waiting: 0,
  running: 0,
  oldestWaitingSeconds: null,
  paused: false,
};
const answer = (name: string, status: HealthStatus): HealthCheck => ({
  name,
  onFailure: "degraded",
  run: () => ({ status, detail: "as told" }),
});

Deno.test("a report has the shape of the contract, from a real database", async () => {
  await using db = await Database.open({ path: ":memory:" });
  const redis = {
    connected: true,
    info: () => Promise.resolve({ connectedClients: 3, usedMemoryHuman: "1.2M" }),
  };
  const checks = standardChecks({
    db,
    system: system(),
    redis,
    queues: () => [queue],
    schedules: () => [{ name: "daily report", dueAt: Date.now() + 1_000 }],
    provider: () => ({ name: "embedded", healthy: null, detail: "not called yet" }),
  });
  const report = await new HealthService({ system: system(), checks }).report();
  assert.equal(report.status, "healthy", JSON.stringify(report.checks));
  assert.ok(Math.abs(Date.parse(report.timestamp) - Date.now()) < 5_000);
  assert.deepEqual(report.services, { redis_healthy: true, database_healthy: true });
  assert.deepEqual(report.redis_info, { connected_clients: 3, used_memory_human: "1.2M" });
  assert.equal(report.system.cpu_percent, 12.35);
  assert.equal(report.system.memory_percent, 20);
  assert.equal(report.system.disk_percent, 30);
  assert.deepEqual(
    report.checks.map((check) => check.name),
    [
      "database",
      "redis",
      "disk",
      "memory",
      "cpu",
      "event_loop",
      "backlog",
      "queues",
      "schedules",
      "ai_provider",
    ],
  );
});

Deno.test("without Redis nothing of it can fail", async () => {
  await using db = await Database.open({ path: ":memory:" });
  const checks = standardChecks({ db, system: system(), redis: null });
  const report = await new HealthService({ system: system(), checks }).report();
  assert.equal(report.services.redis_healthy, true);
  assert.equal(report.redis_info, null);
});

Deno.test("a closed database is unhealthy, a lost Redis only degraded", async () => {
  const db = await Database.open({ path: ":memory:" });
  const redis = { connected: false, info: () => Promise.reject(new Error("never asked")) };
  let now = Date.now();
  const clock = { ...systemClock, now: () => now };
  const checks = standardChecks({ db, system: system(), redis, clock });
  const service = () => new HealthService({ system: system(), checks });
  const degraded = await service().report();
  assert.equal(degraded.status, "degraded");
  assert.deepEqual(degraded.services, { redis_healthy: false, database_healthy: true });
  assert.equal(degraded.redis_info, null);
  await db.close();
  now += 2_001;
  const unhealthy = await service().report();
  assert.equal(unhealthy.status, "unhealthy");
  assert.equal(unhealthy.services.database_healthy, false);
});

Deno.test("however often health is asked, the database is written at most every 2 seconds", async () => {
  await using db = await Database.open({ path: ":memory:" });
  let now = Date.now();
  const check = databaseCheck(db, () => now);
  const ask = () => check.run(new AbortController().signal);
  const version = async () => (await db.kv.get(["health", "probe"])).versionstamp;
  await Promise.all([ask(), ask(), ask()]);
  const first = await version();
  await ask();
  assert.equal(await version(), first);
  now += 2_000;
  await ask();
  assert.notEqual(await version(), first);
});

Deno.test("the mail server is asked again every 5 minutes, and at once after a failure", async () => {
  let now = 0;
  let asked = 0;
  let fault: Error | null = new Error("no such host");
  const check = smtpCheck(() => {
    asked++;
    return fault ? Promise.reject(fault) : Promise.resolve();
  }, () => now);
  const ask = async () => await check.run(new AbortController().signal);
  await assert.rejects(ask(), /no such host/);
  fault = null;
  assert.equal((await ask()).status, "healthy");
  await ask();
  assert.equal(asked, 2);
  now += 5 * 60_000;
  await ask();
  assert.equal(asked, 3);
});

Deno.test("checks that hang or throw are answered for in time", async () => {
  const hang: HealthCheck = {
    name: "redis",
    onFailure: "degraded",
    run: () => new Promise(() => {}),
  };
  const broken: HealthCheck = {
    name: "database",
    onFailure: "unhealthy",
    run: () => {
      throw new Error("disk I/O error");
    },
  };
  const checks = [hang, broken];
  const report = await new HealthService({ system: system(), checks, timeoutMs: 60 }).report();
  assert.equal(report.status, "unhealthy");
  assert.deepEqual(report.checks.map(({ name, status, detail }) => [name, status, detail]), [
    ["redis", "degraded", "no answer within 60 ms"],
    ["database", "unhealthy", "disk I/O error"],
  ]);
  assert.equal(report.services.redis_healthy, false);
});

Deno.test("askers at one moment share a report, later ones get a new one", async () => {
  const clock = new FakeClock();
  let runs = 0;
  const check: HealthCheck = {
    ...answer("x", "healthy"),
    run: () => ({ status: "healthy", detail: `${++runs}` }),
  };
  const service = new HealthService({ system: system(), checks: [check], clock });
  const [a, b] = await Promise.all([service.report(), service.report()]);
  assert.equal(a, b);
  clock.advance(300);
  assert.equal((await service.report()).checks[0]!.detail, "2");
});

Deno.test("the whole is as bad as its worst check", async () => {
  const of = async (...statuses: HealthStatus[]) => {
    const checks = statuses.map((status, i) => answer(String(i), status));
    return (await new HealthService({ system: system(), checks }).report()).status;
  };
  assert.equal(await of(), "healthy");
  assert.equal(await of("healthy", "degraded", "healthy"), "degraded");
  assert.equal(await of("degraded", "unhealthy", "healthy"), "unhealthy");
});

Deno.test("every limit of the machine and of the work degrades or fails its own check", async () => {
  await using db = await Database.open({ path: ":memory:" });
  const GiB = 1024 ** 3;
  const now = Date.parse("2026-01-01T00:00:00Z");
  const statusOf = async (
    name: string,
    change: Partial<SystemSample>,
    queues: QueueLoad[] = [],
    dueAt: number | null = null,
  ) => {
    const checks = standardChecks({
      db,
      system: system(change),
      redis: null,
      queues: () => queues,
      schedules: () => [{ name: "s", dueAt }],
      clock: new FakeClock(now),
    }, DEFAULT_THRESHOLDS);
    const found = checks.find((check) => check.name === name)!;
    return (await found.run(new AbortController().signal)).status;
  };
  const waiting = (seconds: number, change: Partial<QueueLoad> = {}): QueueLoad[] => [
    { ...queue, waiting: 1, oldestWaitingSeconds: seconds, ...change },
  ];
  const rows: [string, HealthStatus, Partial<SystemSample>, QueueLoad[]?, (number | null)?][] = [
    ["disk", "healthy", { diskFreeBytes: 2 * GiB, diskPercent: 90 }],
    ["disk", "degraded", { diskFreeBytes: 2 * GiB - 1 }],
    ["disk", "degraded", { diskPercent: 90.1 }],
    ["disk", "unhealthy", { diskFreeBytes: GiB - 1 }],
    ["disk", "unhealthy", { at: 61_000, diskAt: 0 }],
    ["memory", "healthy", { memoryPercent: 85 }],
    ["memory", "degraded", { memoryPercent: 85.1 }],
    ["memory", "unhealthy", { memoryPercent: 95.1 }],
    ["cpu", "healthy", { cpuPercent: 100, cpuMinutePercent: 80 }],
    ["cpu", "degraded", { cpuMinutePercent: 100 }],
    ["event_loop", "degraded", { eventLoopLagMs: 600 }],
    ["event_loop", "unhealthy", { eventLoopLagMs: 6_000 }],
    ["backlog", "healthy", {}, waiting(300)],
    ["backlog", "degraded", {}, waiting(301)],
    ["backlog", "healthy", {}, waiting(301, { paused: true })],
    ["queues", "degraded", {}, waiting(61)],
    ["queues", "unhealthy", {}, waiting(301)],
    ["queues", "healthy", {}, waiting(301, { running: 1 })],
    ["queues", "healthy", {}, waiting(301, { paused: true })],
    ["schedules", "healthy", {}, [], now - 120_000],
    ["schedules", "degraded", {}, [], now - 120_001],
    ["schedules", "healthy", {}, [], null],
  ];
  for (const [name, status, change, queues, dueAt] of rows) {
    const found = await statusOf(name, change, queues, dueAt ?? null);
    assert.equal(found, status, `${name} ${JSON.stringify([change, queues, dueAt])}`);
  }
});

Deno.test("retries whose time has come are told of, though no counter has them yet", async () => {
  const load = { ...queue, waiting: 0, oldestWaitingSeconds: 400 };
  const limits = { degraded: 300, unhealthy: Infinity };
  const { status, detail } = await backlogCheck(() => [load], limits)
    .run(new AbortController().signal);
  assert.deepEqual([status, detail], [
    "degraded",
    "tasks wait, the longest 6 min in conversations",
  ]);
  const none = await backlogCheck(() => [queue], limits)
    .run(new AbortController().signal);
  assert.equal(none.detail, "0 tasks waiting");
});
