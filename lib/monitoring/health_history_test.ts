import assert from "node:assert/strict";
import { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import type { HealthReport } from "./health.ts";
import { HealthHistory } from "./health_history.ts";

const DAY = 86_400_000;
const start = Date.parse("2026-03-01T00:00:00Z");

function reportAt(at: number, cpu: number): HealthReport {
  return {
    timestamp: new Date(at).toISOString(),
    status: "degraded",
    since: new Date(start).toISOString(),
    system: {
      cpu_percent: cpu,
      memory_percent: 40,
      disk_percent: 5,
      memory_source: "host",
      disk_free_bytes: 1,
      event_loop_lag_ms: 0,
      rss_bytes: 1,
    },
    services: { redis_healthy: false, database_healthy: true },
    redis_info: null,
    checks: [
      { name: "redis", status: "degraded", detail: "not connected" },
      { name: "database", status: "healthy", detail: "fine" },
    ],
  };
}

async function store(history: HealthHistory, at: number, cpu: number): Promise<void> {
  const write = new WriteSet();
  history.add(write, reportAt(at, cpu));
  await history.db.commit(write);
}

Deno.test("a day's average is that of the reports within it, and null without any", async () => {
  await using db = await Database.open({ path: ":memory:" });
  const history = new HealthHistory(db);
  assert.deepEqual(await history.average(start, start + DAY), {
    cpu: null,
    memory: null,
    reports: 0,
  });
  await store(history, start - 1, 99);
  await store(history, start, 10);
  await store(history, start + DAY - 1, 20);
  await store(history, start + DAY, 99);
  assert.deepEqual(await history.average(start, start + DAY), {
    cpu: 15,
    memory: 40,
    reports: 2,
  });
});

Deno.test("a stored report keeps what was not healthy, newest first", async () => {
  await using db = await Database.open({ path: ":memory:" });
  const history = new HealthHistory(db);
  await store(history, start, 10);
  await store(history, start + 1, 20);
  const reports = await history.list(start, start + DAY);
  assert.deepEqual(reports.map((report) => report.at), [start + 1, start]);
  assert.deepEqual(reports[0]!.problems, [
    { name: "redis", status: "degraded", detail: "not connected" },
  ]);
});

Deno.test("reports are kept for 400 days", async () => {
  await using db = await Database.open({ path: ":memory:" });
  const history = new HealthHistory(db);
  for (const age of [0, 400, 401, 402]) await store(history, start - age * DAY, 1);
  assert.equal(await history.sweep(start), 2);
  assert.equal((await history.list(0, start + 1)).length, 2);
});
