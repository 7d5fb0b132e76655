import assert from "node:assert/strict";
import * as analytics from "../../lib/wire/schemas/analytics.ts";
import * as bots from "../../lib/wire/schemas/bots.ts";
import * as cache from "../../lib/wire/schemas/cache.ts";
import * as conversations from "../../lib/wire/schemas/conversations.ts";
import * as queues from "../../lib/wire/schemas/queues.ts";
import * as system from "../../lib/wire/schemas/system.ts";
import * as tasks from "../../lib/wire/schemas/tasks.ts";
import { assertHas, BOT, caller } from "../support/contract.ts";
import { dayAhead, dayOf } from "../support/days.ts";
import { TestService } from "../support/service.ts";

Deno.test("health, history, cache, schedules and queues as the contract has them", async () => {
  await using service = await TestService.start();
  const call = caller(service);
  const { health_report: health } = await call(system.HealthAnswer, "GET", "/health");
  assertHas(health, "timestamp", "status", "system.cpu_percent", "system.memory_percent");
  assertHas(health, "system.disk_percent", "redis_info", "checks");
  assert.deepEqual(health.services, { redis_healthy: true, database_healthy: true });
  assert.equal(health.redis_info, null);

  const { cache_stats: stats } = await call(cache.CacheStatsAnswer, "GET", "/cache/stats");
  assertHas(stats, "hits", "misses", "total_keys", "memory_usage", "memory_bytes");
  assertHas(stats, "operations_per_second", "uptime_seconds", "connected");
  assert.equal(stats.backend, "memory");
  assert.equal(stats.hit_rate, null, "no lookup, no rate");

  // An answer in the cache, seen and removed by key and by pattern.
  await call(bots.BotAnswer, "PUT", "/bots/bakery", BOT);
  const ask = (id: string) =>
    call(conversations.TurnQueued, "POST", "/conversations/queue", {
      conversation_id: id,
      bot_id: "bakery",
      user_id: id,
      user_message: "when do you open",
    }, { prefer: "wait=20" });
  assert.equal((await ask("1")).result!.cached, false);
  assert.equal((await ask("2")).result!.cached, true);
  const { cache_stats: used } = await call(cache.CacheStatsAnswer, "GET", "/cache/stats");
  assert.equal(used.total_keys, 1);
  assert.equal(used.hit_rate, 50);
  const nothing = await call(cache.CacheCleared, "POST", "/cache/clear?pattern=nothing*");
  assert.deepEqual([nothing.cleared_entries, nothing.pattern], [0, "nothing*"]);
  const all = await call(cache.CacheCleared, "POST", "/cache/clear", {});
  assert.deepEqual([all.cleared_entries, all.pattern], [1, null]);
  assert.equal((await ask("3")).result!.cached, false);
  assert.equal((await service.request("GET", "/cache/key/not/there")).status, 404);
  const deleted = await call(cache.CacheDeleted, "DELETE", "/cache/key/not/there");
  assert.deepEqual([deleted.deleted, deleted.key], [false, "not/there"]);

  const { history } = await call(
    system.HistoryAnswer,
    "GET",
    "/performance/history?metrics=cpu_percent",
  );
  assert.ok(Array.isArray(history.points));

  const { schedules } = await call(queues.ScheduleList, "GET", "/schedules");
  const names = schedules.map(({ name }) => name);
  for (const name of ["daily-report", "weekly-report", "monthly-report", "health-report"]) {
    assert.ok(names.includes(name), name);
  }
  for (const row of schedules) assertHas(row, "cron", "description", "next_run_at", "missed");

  await call(queues.QueuePaused, "PUT", "/queues/conversations/pause");
  const late = await call(conversations.TurnQueued, "POST", "/conversations/queue", {
    conversation_id: "waits",
    bot_id: "bakery",
    user_message: "hello",
  });
  const { task_status: waiting } = await call(tasks.TaskAnswer, "GET", `/tasks/${late.task_id}`);
  assert.equal(waiting.status, "queued");
  assert.deepEqual(waiting.waiting_because.map(({ reason }) => reason), ["paused"]);
  await call(queues.QueuePaused, "DELETE", "/queues/conversations/pause");
  const { conversation_status: then } = await call(
    conversations.ConversationStatus,
    "GET",
    "/conversations/waits/status?wait=20",
  );
  assert.equal(then.result!.response, "Hello!");
  assert.equal(then.result!.intent, "greeting");
});

Deno.test("schedules, clean-ups and reports run when asked, and their tasks say so", async () => {
  await using service = await TestService.start();
  const call = caller(service);
  const ended = async (id: string) => {
    for (;;) {
      const { task_status } = await call(tasks.TaskAnswer, "GET", `/tasks/${id}`);
      if (!["queued", "scheduled", "running", "retrying"].includes(task_status.status)) {
        return task_status;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await dayAhead(60_000);
  const run = await call(queues.ScheduleRun, "POST", "/schedules/health-report/run");
  assert.equal((await ended(run.task_id)).status, "completed");
  const { schedules } = await call(queues.ScheduleList, "GET", "/schedules");
  const row = schedules.find(({ name }) => name === "health-report")!;
  assert.equal(row.last_status, "completed");
  const { analytics: daily } = await call(
    analytics.DailyAnswer,
    "GET",
    `/analytics/daily?date=${dayOf(Date.now())}`,
  );
  // One was asked for; the schedule may have made another meanwhile.
  assert.ok(daily.system_performance.health_reports_count >= 1);
  assert.equal(typeof daily.system_performance.average_cpu_usage, "number");

  for (const type of system.CLEANUP_TYPES) {
    const cleaned = await call(system.CleanupQueued, "POST", "/maintenance/cleanup", {
      cleanup_type: type,
    });
    assert.equal(cleaned.cleanup_type, type);
    assert.ok(cleaned.cleanup_tasks.length >= 1);
    for (const { task_id } of cleaned.cleanup_tasks) {
      assert.equal((await ended(task_id)).status, "completed");
    }
  }
  const backup = await call(queues.ScheduleRun, "POST", "/schedules/backup-database/run");
  assert.equal((await ended(backup.task_id)).status, "completed");
  const files = [...Deno.readDirSync(`${service.dataDir}/backups`)];
  assert.ok(files.length > 0);

  const range = { start_date: "2026-01-01", end_date: "2026-01-03" };
  const report = await call(analytics.ReportQueued, "POST", "/analytics/generate", {
    report_type: "daily",
    date_range: range,
  });
  assert.deepEqual([report.report_type, report.date_range], ["daily", range]);
  assert.equal((await ended(report.task_id)).status, "completed");
});
