import assert from "node:assert/strict";
import { systemClock } from "../clock.ts";
import type { HealthReport } from "./health.ts";
import { performanceSummary, type SummaryPorts } from "./summary.ts";

const health = {
  timestamp: "2026-01-01T00:00:00.000Z",
  status: "healthy",
  system: { cpu_percent: 1, memory_percent: 2, disk_percent: 3 },
  services: { redis_healthy: true, database_healthy: true },
} as HealthReport;

const summaryOf = (ports: SummaryPorts) => performanceSummary(ports, systemClock);

const empty: SummaryPorts = {
  cache: () => ({ hitRate: null, totalKeys: 0, memoryBytes: 0, operationsPerSecond: 0 }),
  conversations: () => ({
    total: 0,
    breakdown: { pending: 0, processing: 0, completed: 0, failed: 0 },
    successRate: null,
  }),
  health: () => Promise.resolve(health),
  activeTasks: () => 0,
  score: () => Promise.resolve({ performance_score: 100, score_terms: [] }),
};

function nulls(value: unknown, path = ""): string[] {
  if (value === null || (typeof value === "number" && !Number.isFinite(value))) return [path];
  if (typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, inner]) => nulls(inner, `${path}.${key}`));
}

Deno.test("the summary of an empty service has the contract's fields and no null", async () => {
  const summary = await summaryOf(empty);
  assert.deepEqual(nulls(summary), []);
  assert.deepEqual(Object.keys(summary.cache_performance), [
    "hit_rate",
    "total_keys",
    "memory_usage",
    "operations_per_second",
  ]);
  assert.deepEqual(summary.conversation_metrics.status_breakdown, {
    pending: 0,
    processing: 0,
    completed: 0,
    failed: 0,
  });
  assert.equal(summary.conversation_metrics.success_rate, 0);
  assert.equal(summary.cache_performance.memory_usage, "0 B");
  assert.equal(summary.performance_score, 100);
  assert.equal(summary.active_tasks_count, 0);
  assert.deepEqual(summary.system_health.system, health.system);
  assert.deepEqual(summary.system_health.services, health.services);
});

Deno.test("figures are rounded to two decimals and sizes are written for people", async () => {
  const summary = await summaryOf({
    ...empty,
    cache: () => ({
      hitRate: 66.66666,
      totalKeys: 7,
      memoryBytes: 1_258_291,
      operationsPerSecond: 0.129,
    }),
  });
  assert.deepEqual(summary.cache_performance, {
    hit_rate: 66.67,
    total_keys: 7,
    memory_usage: "1.2 MB",
    operations_per_second: 0.13,
  });
});

Deno.test("a cache that fails shows as empty, a database that fails is said", async () => {
  const failing = () => Promise.reject(new Error("gone"));
  const summary = await summaryOf({ ...empty, cache: failing });
  assert.equal(summary.cache_performance.total_keys, 0);
  await assert.rejects(summaryOf({ ...empty, conversations: failing }), /gone/);
});
