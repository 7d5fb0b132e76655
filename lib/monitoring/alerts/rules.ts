import type { CheckResult, HealthStatus } from "../checks/check.ts";
import type { QueueLoad } from "../checks/work.ts";
import type { SystemSample } from "../system.ts";
import { counted, humanBytes, humanSeconds } from "../words.ts";
import type { AlertRule, AlertSeverity } from "./rule.ts";

/** Everything that alerts judge by, read once for all of them. */
export interface AlertInputs {
  /** Of the last 24 h; percent, null over nothing. */
  rates: {
    hitRate: number | null;
    lookups: number;
    successRate: number | null;
    /** Turns that completed or failed. */
    ended: number;
  };
  system: SystemSample;
  queues: QueueLoad[];
  /** Failed tasks that nobody has redriven or discarded. */
  deadLetters: number;
  /** Results of the health checks, by name. */
  checks: Record<string, CheckResult | undefined>;
  /** Age of the newest backup; null where the service makes none. */
  backupAgeMs: number | null;
  /** Since when backups are not in the bucket, and why not; null where there is none. */
  uploads: { ageMs: number; error: string | null } | null;
  /** Tokens that the AI provider took today, UTC. */
  tokensToday: number;
  /** Bots whose budget of the day is spent; absent where there are no budgets. */
  botsOverBudget?: string[];
}

export interface AlertThresholds {
  hitRate: number;
  successRate: number;
  cpu: number;
  memory: number;
  disk: number;
  backlogSeconds: number;
  deadLetters: number;
  diskReserveBytes: number;
  /** 0 = no budget. */
  tokensPerDay: number;
}

/** Rates over less than this say nothing. */
const MIN_LOOKUPS = 1_000;
const MIN_TURNS = 20;
const MINUTE_MS = 60_000;
/** A daily backup and two hours of patience. */
const BACKUP_HOURS = 26;
const HOUR_MS = 3_600_000;
const UNCLAIMED_SECONDS = 60;

type Rule = AlertRule<AlertInputs>;

/** Every alert of the service with the given thresholds. */
export function alertRules(limits: AlertThresholds): Rule[] {
  const percentAbove = (
    name: string,
    what: string,
    severity: AlertSeverity,
    limit: number,
    read: (system: SystemSample) => number,
    holdMs = 5 * MINUTE_MS,
    slack = 5,
  ): Rule => ({
    name,
    title: `${what} over ${limit}%`,
    severity,
    side: "above",
    raiseAt: limit,
    clearAt: Math.max(0, limit - slack),
    holdMs,
    clearMs: 2 * MINUTE_MS,
    read: ({ system }) => read(system),
    say: (value) => `${what} is at ${value.toFixed(1)}%`,
  });
  const percentBelow = (
    name: string,
    what: string,
    severity: AlertSeverity,
    limit: number,
    slack: number,
    read: (rates: AlertInputs["rates"]) => number | null,
  ): Rule => ({
    name,
    title: `${what} under ${limit}%`,
    severity,
    side: "below",
    raiseAt: limit,
    clearAt: Math.min(100, limit + slack),
    holdMs: 5 * MINUTE_MS,
    clearMs: 5 * MINUTE_MS,
    read: ({ rates }) => read(rates),
    say: (value) => `${what} of the last 24 hours is ${value.toFixed(1)}%`,
  });
  const rules: Rule[] = [
    percentBelow(
      "cache_hit_rate",
      "cache hit rate",
      "info",
      limits.hitRate,
      2,
      ({ hitRate, lookups }) => lookups >= MIN_LOOKUPS ? hitRate : null,
    ),
    percentBelow(
      "success_rate",
      "success rate",
      "critical",
      limits.successRate,
      1,
      ({ successRate, ended }) => ended >= MIN_TURNS ? successRate : null,
    ),
    percentAbove("cpu", "CPU", "warning", limits.cpu, (system) => system.cpuMinutePercent),
    percentAbove("memory", "memory", "warning", limits.memory, (system) => system.memoryPercent),
    percentAbove("disk", "disk", "warning", limits.disk, (s) => s.diskPercent, MINUTE_MS, 2),
    {
      name: "disk_reserve",
      title: "disk under its reserve",
      severity: "critical",
      side: "below",
      raiseAt: limits.diskReserveBytes,
      clearAt: limits.diskReserveBytes * 1.25,
      holdMs: 0,
      clearMs: MINUTE_MS,
      read: ({ system }) => limits.diskReserveBytes > 0 ? system.diskFreeBytes : null,
      say: (free) => `only ${humanBytes(free)} of disk are free; new tasks are refused`,
    },
    {
      name: "backlog_age",
      title: `tasks wait over ${humanSeconds(limits.backlogSeconds)}`,
      severity: "warning",
      side: "above",
      raiseAt: limits.backlogSeconds,
      clearAt: limits.backlogSeconds / 2,
      holdMs: MINUTE_MS,
      clearMs: MINUTE_MS,
      read: ({ queues }) => longestWait(queues.filter((queue) => !queue.paused)),
      say: (seconds) => `the oldest task has waited ${humanSeconds(seconds)}`,
    },
    {
      name: "no_worker",
      title: "no worker takes from a queue",
      severity: "critical",
      side: "above",
      raiseAt: UNCLAIMED_SECONDS,
      clearAt: 5,
      holdMs: MINUTE_MS,
      clearMs: MINUTE_MS,
      read: ({ queues }) => longestWait(unclaimed(queues)),
      say: (seconds, { queues }) => {
        const names = unclaimed(queues).map((queue) => queue.name).join(", ") || "a queue";
        return `nothing has run in ${names} for ${humanSeconds(seconds)} although tasks wait`;
      },
    },
    {
      name: "dead_letters",
      title: `over ${counted(limits.deadLetters, "failed task")}`,
      severity: "warning",
      side: "above",
      raiseAt: limits.deadLetters,
      clearAt: Math.floor(limits.deadLetters * 0.9),
      holdMs: 0,
      clearMs: 0,
      read: ({ deadLetters }) => limits.deadLetters > 0 ? deadLetters : null,
      say: (count) => `${counted(count, "task")} failed for good and wait for a decision`,
    },
    {
      name: "backup_age",
      title: "no recent backup",
      severity: "warning",
      side: "above",
      raiseAt: BACKUP_HOURS,
      clearAt: BACKUP_HOURS,
      holdMs: 0,
      clearMs: 0,
      read: ({ backupAgeMs }) => backupAgeMs === null ? null : backupAgeMs / HOUR_MS,
      say: (hours) => `the newest backup is ${humanSeconds(hours * 3_600)} old`,
    },
    {
      name: "backup_upload",
      title: "backups do not reach the bucket",
      severity: "warning",
      side: "above",
      raiseAt: 0,
      clearAt: 0,
      holdMs: 0,
      clearMs: 0,
      // A failed upload at once, one that never came by its age.
      read: ({ uploads }) =>
        uploads && (uploads.error !== null || uploads.ageMs > BACKUP_HOURS * HOUR_MS ? 1 : 0),
      say: (_, { uploads }) =>
        uploads?.error ??
          `nothing was uploaded for ${humanSeconds((uploads?.ageMs ?? 0) / 1_000)}`,
    },
    {
      name: "ai_budget",
      title: "AI tokens of the day over budget",
      severity: "warning",
      side: "above",
      raiseAt: limits.tokensPerDay,
      clearAt: limits.tokensPerDay,
      holdMs: 0,
      clearMs: 0,
      read: ({ tokensToday }) => limits.tokensPerDay > 0 ? tokensToday : null,
      say: (tokens) => `${tokens} tokens today, the budget is ${limits.tokensPerDay}`,
    },
    {
      name: "bot_budget",
      title: "A bot's budget of the day is spent",
      severity: "warning",
      side: "above",
      raiseAt: 0,
      clearAt: 0,
      holdMs: 0,
      clearMs: 0,
      read: ({ botsOverBudget }) => botsOverBudget?.length ?? null,
      say: (count, { botsOverBudget = [] }) =>
        `${counted(count, "bot")} answered by the embedded responder until midnight UTC: ` +
        botsOverBudget.slice(0, 5).join(", "),
    },
    check("database", "critical", "the database fails", "unhealthy", MINUTE_MS),
    check("redis", "warning", "Redis is lost", "degraded", MINUTE_MS),
    check("ai_provider", "warning", "the AI provider fails", "degraded", MINUTE_MS),
    check("schedules", "warning", "a schedule is overdue", "degraded", 2 * MINUTE_MS),
    check("event_loop", "warning", "the event loop is late", "degraded", 2 * MINUTE_MS),
    check("smtp", "warning", "the mail server refuses us", "degraded", 10 * MINUTE_MS),
  ];
  return rules;
}

const BADNESS: Record<HealthStatus, number> = { healthy: 0, degraded: 1, unhealthy: 2 };

/** An alert on a health check that reports `from` or worse; absent checks are never wrong. */
function check(
  name: string,
  severity: AlertSeverity,
  title: string,
  from: "degraded" | "unhealthy",
  holdMs: number,
): Rule {
  return {
    name,
    title,
    severity,
    side: "above",
    raiseAt: BADNESS[from] - 0.5,
    clearAt: BADNESS[from] - 0.5,
    holdMs,
    clearMs: MINUTE_MS,
    read: ({ checks }) => checks[name] ? BADNESS[checks[name].status] : null,
    say: (_, { checks }) => checks[name]?.detail ?? title,
  };
}

function unclaimed(queues: QueueLoad[]): QueueLoad[] {
  return queues.filter((queue) => !queue.paused && queue.waiting > 0 && queue.running === 0);
}

/** Seconds. */
function longestWait(queues: QueueLoad[]): number {
  return Math.max(0, ...queues.map((queue) => queue.oldestWaitingSeconds ?? 0));
}
