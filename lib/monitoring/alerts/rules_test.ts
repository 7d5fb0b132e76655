import assert from "node:assert/strict";
import { loadConfig } from "../../config/config.ts";
import type { SystemSample } from "../system.ts";
import { type AlertInputs, alertRules } from "./rules.ts";
import { reaches, signalOf } from "./rule.ts";

const GIB = 1024 ** 3;
const system: SystemSample = {
  at: 0,
  cpuPercent: 10,
  cpuMinutePercent: 10,
  memoryPercent: 20,
  memoryUsedBytes: 1,
  memoryTotalBytes: 2,
  memorySource: "host",
  diskPercent: 30,
  diskFreeBytes: 10 * GIB,
  diskTotalBytes: 20 * GIB,
  diskAt: 0,
  eventLoopLagMs: 1,
  rssBytes: 1,
};
const well: AlertInputs = {
  rates: { hitRate: 90, lookups: 5_000, successRate: 100, ended: 500 },
  system,
  queues: [],
  deadLetters: 0,
  checks: {},
  backupAgeMs: 0,
  uploads: { ageMs: 0, error: null },
  tokensToday: 0,
};
const rules = alertRules({
  hitRate: 80,
  successRate: 95,
  cpu: 80,
  memory: 85,
  disk: 90,
  backlogSeconds: 300,
  deadLetters: 100,
  diskReserveBytes: GIB,
  tokensPerDay: 1_000,
});

/** The alerts that these figures are past the threshold of. */
const bad = (change: Partial<AlertInputs>) => {
  const inputs = { ...well, ...change };
  return rules.filter((rule) => signalOf(rule, rule.read(inputs)) === "bad")
    .map((rule) => rule.name);
};
const machine = (change: Partial<SystemSample>) => ({ system: { ...system, ...change } });
const rates = (change: Partial<AlertInputs["rates"]>) => ({ rates: { ...well.rates, ...change } });
const waiting = (oldestWaitingSeconds: number, running = 1, paused = false) => ({
  queues: [{ name: "conversations", waiting: 3, running, oldestWaitingSeconds, paused }],
});

Deno.test("each alert has its threshold, and a figure at the threshold is not past it", () => {
  assert.deepEqual(bad({}), []);
  const cases: [Partial<AlertInputs>, string[]][] = [
    [rates({ hitRate: 79.9 }), ["cache_hit_rate"]],
    [rates({ hitRate: 80 }), []],
    [rates({ hitRate: 10, lookups: 999 }), []],
    [rates({ hitRate: null }), []],
    [rates({ successRate: 94.9 }), ["success_rate"]],
    [rates({ successRate: 0, ended: 19 }), []],
    [machine({ cpuMinutePercent: 80.1 }), ["cpu"]],
    [machine({ cpuPercent: 100 }), []],
    [machine({ memoryPercent: 85.1 }), ["memory"]],
    [machine({ diskPercent: 90.1 }), ["disk"]],
    [machine({ diskFreeBytes: GIB - 1 }), ["disk_reserve"]],
    [waiting(301), ["backlog_age"]],
    [waiting(301, 0), ["backlog_age", "no_worker"]],
    [waiting(61, 0), ["no_worker"]],
    [waiting(9_999, 0, true), []],
    [{ deadLetters: 101 }, ["dead_letters"]],
    [{ backupAgeMs: 26.1 * 3_600_000 }, ["backup_age"]],
    [{ backupAgeMs: null }, []],
    [{ uploads: { ageMs: 26.1 * 3_600_000, error: null } }, ["backup_upload"]],
    [{ uploads: { ageMs: 1, error: "s3.example answered 403" } }, ["backup_upload"]],
    [{ uploads: null }, []],
    [{ tokensToday: 1_001 }, ["ai_budget"]],
    [{ checks: { redis: { status: "degraded", detail: "gone" } } }, ["redis"]],
    [{ checks: { database: { status: "unhealthy", detail: "gone" } } }, ["database"]],
    [{ checks: { smtp: { status: "degraded", detail: "535" } } }, ["smtp"]],
  ];
  for (const [change, expected] of cases) {
    assert.deepEqual(bad(change), expected, JSON.stringify(change));
  }
});

Deno.test("raising and clearing lie apart on the right sides, and each alert can say its figure", () => {
  for (const rule of rules) {
    const apart = rule.side === "above" ? rule.raiseAt - rule.clearAt : rule.clearAt - rule.raiseAt;
    assert.ok(apart >= 0, rule.name);
    assert.match(rule.name, /^[a-z_]+$/);
    assert.ok(rule.title.length > 3 && rule.say(12, well).length > 3, rule.name);
    assert.equal(signalOf(rule, null), "unknown");
  }
  assert.equal(new Set(rules.map((rule) => rule.name)).size, rules.length);
  assert.equal(rules.find((rule) => rule.name === "cache_hit_rate")!.severity, "info");
});

Deno.test("limits set to 0 switch budget, dead letters and reserve off", () => {
  const off = alertRules({
    hitRate: 80,
    successRate: 95,
    cpu: 80,
    memory: 85,
    disk: 90,
    backlogSeconds: 300,
    deadLetters: 0,
    diskReserveBytes: 0,
    tokensPerDay: 0,
  });
  const inputs = { ...well, deadLetters: 9e9, tokensToday: 9e9, ...machine({ diskFreeBytes: 1 }) };
  const past = off.filter((rule) => signalOf(rule, rule.read(inputs)) === "bad");
  assert.deepEqual(past, []);
});

Deno.test("severities are ordered", () => {
  assert.ok(reaches("critical", "warning") && reaches("warning", "warning"));
  assert.ok(!reaches("warning", "critical") && !reaches("info", "warning"));
});

Deno.test("without a setting the thresholds are the ones that are promised", () => {
  const { alerts, limits, ai } = loadConfig({});
  const of = alertRules({
    ...alerts,
    diskReserveBytes: limits.diskReserveBytes,
    tokensPerDay: ai.tokensPerDay,
  });
  const held = Object.fromEntries(
    of.map(({ name, raiseAt, severity, holdMs }) => [name, [raiseAt, severity, holdMs / 60_000]]),
  );
  const expected: Record<string, [number, string, number]> = {
    cache_hit_rate: [80, "info", 5],
    success_rate: [95, "critical", 5],
    cpu: [80, "warning", 5],
    memory: [85, "warning", 5],
    disk: [90, "warning", 1],
    disk_reserve: [GIB, "critical", 0],
    backlog_age: [300, "warning", 1],
    no_worker: [60, "critical", 1],
    dead_letters: [100, "warning", 0],
    backup_age: [26, "warning", 0],
  };
  for (const [name, values] of Object.entries(expected)) assert.deepEqual(held[name], values, name);
  assert.deepEqual([alerts.emailSeverity, alerts.webhookSeverity], ["warning", "warning"]);
});
