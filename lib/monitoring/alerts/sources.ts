import type { CheckResult } from "../checks/check.ts";
import type { QueueLoads } from "../checks/work.ts";
import type { HealthReport } from "../health.ts";
import type { SystemSource } from "../system.ts";
import type { UploadRecord } from "../upload_record.ts";
import type { AlertInputs } from "./rules.ts";

/** Where the figures that alerts judge by come from. */
export interface AlertSources {
  system: SystemSource;
  rates(): Promise<AlertInputs["rates"]>;
  queues: QueueLoads;
  deadLetters(): Promise<number>;
  health(): Promise<HealthReport>;
  /** When the newest backup was made; null before the first, undefined where none are made. */
  newestBackupAt(): Promise<number | null | undefined>;
  /** How uploads of backups have ended; null where none are made. */
  uploads(): Promise<UploadRecord | null>;
  tokensToday(): Promise<number>;
  /** Bots whose budget of the day is spent. */
  botsOverBudget?(): string[];
  now(): number;
  /** When the service was first started on this database: a day later the first backup is due. */
  firstStartedAt: number;
  /** When it started: until a day later the absence of an upload is no fault. */
  startedAt: number;
}

/** Reads everything once. */
export async function alertInputs(sources: AlertSources): Promise<AlertInputs> {
  const [rates, queues, deadLetters, report, backupAt, uploads, tokensToday] = await Promise.all([
    sources.rates(),
    sources.queues(),
    sources.deadLetters(),
    sources.health(),
    sources.newestBackupAt(),
    sources.uploads(),
    sources.tokensToday(),
  ]);
  const checks: Record<string, CheckResult | undefined> = {};
  for (const check of report.checks) checks[check.name] = check;
  return {
    rates,
    system: sources.system.latest(),
    queues,
    deadLetters,
    checks,
    backupAgeMs: backupAt === undefined
      ? null
      : sources.now() - (backupAt ?? sources.firstStartedAt),
    uploads: uploads && {
      ageMs: sources.now() - (uploads.doneAt ?? sources.startedAt),
      error: uploads.failed?.error ?? null,
    },
    tokensToday,
    botsOverBudget: sources.botsOverBudget?.() ?? [],
  };
}
