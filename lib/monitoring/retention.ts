import type { Config } from "../config/config.ts";
import type { VariableName } from "../config/variables.ts";
import { KEPT_BEFORE_MIGRATION_DAYS } from "./backup_policy.ts";

/** How long one kind of record is kept, and which variable says so. */
export interface RetentionRow {
  records: string;
  keptFor: string;
  /** Absent where it is not configurable. */
  variable?: VariableName;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Every kind of record that is kept for a time, as configured. */
export function retentionTable(retention: Config["retention"]): RetentionRow[] {
  const rows: [string, number, VariableName][] = [
    ["completed tasks", retention.completedTasksMs, "KEEP_COMPLETED_TASKS_HOURS"],
    ["cancelled tasks", retention.cancelledTasksMs, "KEEP_CANCELLED_TASKS_HOURS"],
    ["failed tasks", retention.failedTasksMs, "KEEP_FAILED_TASKS_DAYS"],
    ["batches", retention.failedTasksMs, "KEEP_FAILED_TASKS_DAYS"],
    [
      "conversations, before they are archived",
      retention.archiveConversationsMs,
      "ARCHIVE_CONVERSATIONS_DAYS",
    ],
    [
      "conversations, before they are deleted",
      retention.deleteConversationsMs,
      "DELETE_CONVERSATIONS_DAYS",
    ],
    ["performance per minute", retention.minuteHistoryMs, "KEEP_MINUTE_HISTORY_HOURS"],
    ["performance per hour", retention.hourHistoryMs, "KEEP_HOUR_HISTORY_DAYS"],
    ["health reports", retention.healthReportsMs, "KEEP_HEALTH_REPORTS_DAYS"],
    ["log of notifications", retention.notificationsMs, "KEEP_NOTIFICATIONS_DAYS"],
    ["audit log", retention.auditMs, "KEEP_AUDIT_DAYS"],
  ];
  return [
    ...rows.map(([records, ms, variable]) => ({ records, keptFor: spoken(ms), variable })),
    {
      records: "daily backups",
      keptFor: `${retention.backupsDaily} backups`,
      variable: "KEEP_BACKUPS_DAILY",
    },
    {
      records: "weekly backups",
      keptFor: `${retention.backupsWeekly} backups`,
      variable: "KEEP_BACKUPS_WEEKLY",
    },
    {
      records: "backups before a migration",
      keptFor: `${KEPT_BEFORE_MIGRATION_DAYS} days`,
    },
    { records: "marks of schedules that ran", keptFor: "40 days" },
    { records: "what bots have cost, by day", keptFor: "40 days" },
    { records: "questions without an answer", keptFor: "400 days after they were last asked" },
    { records: "idempotency keys", keptFor: "24 hours" },
    { records: "live events", keptFor: "the newest 5,000" },
    { records: "dashboard sessions and sign-in links", keptFor: "until they end" },
    { records: "waiting tasks, unique keys and workers' marks", keptFor: "until the task ends" },
    { records: "bots, tokens, alerts and settings", keptFor: "until they are changed or deleted" },
    { records: "users and when they were active", keptFor: "until the user is erased" },
    { records: "reports and their rollups", keptFor: "for ever" },
    { records: "hashed ids of deleted conversations and of people", keptFor: "for ever" },
  ];
}

/** "36 hours", "1 day", "30 days": days where they fit without a rest. */
function spoken(ms: number): string {
  const inDays = ms % DAY_MS === 0;
  const count = ms / (inDays ? DAY_MS : HOUR_MS);
  return `${count} ${inDays ? "day" : "hour"}${count === 1 ? "" : "s"}`;
}
