import type { JobKind } from "../lib/jobs/definition.ts";
import type { Schedule } from "../lib/jobs/scheduler.ts";
import type { Timing } from "../lib/jobs/schedule.ts";
import { reportJob } from "./generate_report.ts";
import {
  backupJob,
  cleanUpCacheJob,
  cleanUpConversationsJob,
  cleanUpTasksJob,
  healthReportJob,
  sweepJob,
} from "./maintenance.ts";
import { sendReportJob } from "./send_report.ts";

const DAY_MS = 86_400_000;

/** A tick comes each minute, and what is done in it is paid for: this often is enough. */
const SPARING_MS = 5 * 60_000;

/** Every schedule of the service, UTC; those without a time of day come seldom where ticks bring them. */
export function schedulesFor({ longRunning }: { longRunning: boolean }): Schedule[] {
  if (longRunning) return SCHEDULES;
  return SCHEDULES.map((schedule) =>
    "everyMs" in schedule.timing
      ? { ...schedule, timing: { everyMs: Math.max(schedule.timing.everyMs, SPARING_MS) } }
      : schedule
  );
}

/** Every schedule of the service, UTC. */
export const SCHEDULES: Schedule[] = [
  run(
    "sweep-conversations",
    { everyMs: 30_000 },
    "find conversations that lost their task",
    sweepJob,
  ),
  run(
    "health-report",
    { cron: "*/15 * * * *" },
    "measure and keep the state of health",
    healthReportJob,
  ),
  report("daily-report", "0 1 * * *", "report on yesterday", "daily", 1),
  report("weekly-report", "0 2 * * 1", "report on last week", "weekly", 7),
  report("monthly-report", "0 3 1 * *", "report on last month", "monthly", 1),
  mail("daily-summary-mail", "0 8 * * *", "mail the report on yesterday", "daily", 1),
  mail("weekly-report-mail", "0 9 * * 1", "mail the report on last week", "weekly", 7),
  run(
    "clean-up-conversations",
    { cron: "0 4 * * *" },
    "archive and delete old conversations",
    cleanUpConversationsJob,
  ),
  run("clean-up-tasks", { cron: "30 4 * * *" }, "delete old tasks and records", cleanUpTasksJob),
  run("clean-up-cache", { cron: "0 5 * * *" }, "remove stale cache entries", cleanUpCacheJob),
  run("backup-database", { cron: "0 6 * * *" }, "back up the database", backupJob),
];

function run(
  name: string,
  timing: Timing,
  description: string,
  kind: JobKind<Record<string, never>>,
): Schedule {
  return {
    name,
    timing,
    description,
    enqueue: (tx, engine) => engine.prepare(tx, kind, {}),
  };
}

/** The mail of the report on the period that ended `daysBack` before the tick. */
function mail(
  name: string,
  cron: string,
  description: string,
  type: "daily" | "weekly",
  daysBack: number,
): Schedule {
  return {
    name,
    timing: { cron },
    description,
    enqueue: (tx, engine, tick) =>
      engine.prepare(tx, sendReportJob, { type, date: dayBefore(tick, daysBack) }),
  };
}

/** The UTC day that lies `days` before an instant. */
function dayBefore(at: number, days: number): string {
  return new Date(at - days * DAY_MS).toISOString().slice(0, 10);
}

/** A report on the period that ended `daysBack` before the tick. */
function report(
  name: string,
  cron: string,
  description: string,
  type: "daily" | "weekly" | "monthly",
  daysBack: number,
): Schedule {
  return {
    name,
    timing: { cron },
    description,
    enqueue(tx, engine, tick) {
      const date = dayBefore(tick, daysBack);
      return engine.prepare(tx, reportJob, { type, start: date, end: date });
    },
  };
}
