import { z } from "zod";
import type { CacheService } from "../lib/cache/mod.ts";
import type { Clock } from "../lib/clock.ts";
import { cleanUpConversations } from "../lib/conversations/archive.ts";
import type { SubmitDeps } from "../lib/conversations/submit.ts";
import { sweepPending } from "../lib/conversations/sweep.ts";
import { complete, declareJob, handleJob, snooze } from "../lib/jobs/definition.ts";
import type { JobEngine } from "../lib/jobs/engine.ts";
import type { Retention } from "../lib/jobs/retention.ts";
import { type AnyDefinition } from "../lib/jobs/definition.ts";
import type { Database } from "../lib/kv/database.ts";
import type { Backups } from "../lib/monitoring/backup.ts";
import type { HealthService } from "../lib/monitoring/health.ts";
import type { HealthHistory } from "../lib/monitoring/health_history.ts";
import type { OffsiteBackups } from "../lib/monitoring/offsite_backups.ts";
import { uploadJob } from "./upload_backups.ts";

const nothing = z.object({});
const queue = "maintenance";

/** Finds conversations that lost their job and queues them again. */
export const sweepJob = declareJob({
  kind: "sweep_conversations",
  queue,
  payload: nothing,
  priority: 1,
  maxAttempts: 1,
});

/** Archives old conversations and deletes very old ones. */
export const cleanUpConversationsJob = declareJob({
  kind: "clean_up_conversations",
  queue,
  payload: nothing,
  timeoutMs: 30 * 60_000,
});

/** Deletes ended tasks and other records that have been kept long enough. */
export const cleanUpTasksJob = declareJob({
  kind: "clean_up_tasks",
  queue,
  payload: nothing,
  timeoutMs: 30 * 60_000,
});

/** Removes what is left in the cache of entries that nobody can reach any more. */
export const cleanUpCacheJob = declareJob({
  kind: "clean_up_cache",
  queue,
  payload: nothing,
  timeoutMs: 10 * 60_000,
});

const clearPayload = z.object({ pattern: z.string().optional(), cursor: z.string().optional() });

/** Goes on clearing the cache where a request stopped. */
export const clearCacheJob = declareJob<z.infer<typeof clearPayload>>({
  kind: "clear_cache",
  queue,
  payload: clearPayload,
  timeoutMs: 30 * 60_000,
});

/** Measures the machine and the services, and keeps the report. */
export const healthReportJob = declareJob({
  kind: "health_report",
  queue,
  payload: nothing,
  priority: 3,
  maxAttempts: 2,
});

/** Copies the database file, checked and compressed. */
export const backupJob = declareJob({
  kind: "backup_database",
  queue,
  payload: nothing,
  maxAttempts: 3,
  timeoutMs: 60 * 60_000,
});

export interface MaintenanceDeps extends SubmitDeps {
  db: Database;
  clock: Clock;
  engine: JobEngine;
  cache: CacheService;
  health: HealthService;
  healthHistory: HealthHistory;
  /** Absent where the database is no file of ours. */
  backups: Backups | null;
  /** Null where no bucket is configured. */
  offsite: OffsiteBackups | null;
  retention: Retention & { archiveAfterDays: number; deleteAfterDays: number };
  /** Removes what else is kept for a time: ledgers, idempotency records, sessions. */
  sweepRest: () => Promise<number>;
}

const BATCH = 500;
const MAX_ROUNDS = 200;
/** After so long a clearing that found Redis away tries again. */
const REDIS_AWAY_MS = 5_000;

/** The handlers of the maintenance queue. */
export function maintenance(deps: MaintenanceDeps): AnyDefinition[] {
  const { db, clock, engine, cache, retention } = deps;
  return [
    handleJob(sweepJob, {
      async perform() {
        return complete({ requeued: await sweepPending(deps) });
      },
    }),
    handleJob(cleanUpConversationsJob, {
      async perform(job) {
        const total = { archived: 0, deleted: 0 };
        for (let round = 0; round < MAX_ROUNDS; round++) {
          const done = await cleanUpConversations({
            db,
            clock,
            ledger: deps.ledger,
            ...retention,
            limit: BATCH,
            signal: job.signal,
            progress: () => {},
          });
          total.archived += done.archived;
          total.deleted += done.deleted;
          job.progress(100 * (round + 1) / MAX_ROUNDS, `${total.archived + total.deleted} done`);
          if (!done.more || done.archived + done.deleted === 0) break;
        }
        return complete(total);
      },
    }),
    handleJob(cleanUpTasksJob, {
      async perform(job) {
        const tasks = await engine.sweep(retention, {
          limit: 500_000,
          signal: job.signal,
          progress: (deleted) => job.progress(50, `${deleted} tasks deleted`),
        });
        return complete({ tasks, other: await deps.sweepRest() });
      },
    }),
    handleJob(cleanUpCacheJob, {
      async perform(job) {
        return complete({ removed: await cache.sweep(job.signal) });
      },
    }),
    handleJob(clearCacheJob, {
      async perform(job) {
        let { cursor } = job.payload;
        let cleared = 0;
        for (;;) {
          job.signal.throwIfAborted();
          const step = await cache.clear(job.payload.pattern, { waitMs: 2_000, cursor });
          cleared += step.cleared;
          if (step.complete) return complete({ cleared });
          // Redis is away, so the next step would fail at once, and the one after it, without end.
          if (step.reason) return snooze(REDIS_AWAY_MS);
          cursor = step.cursor;
          job.progress(50, `${cleared} entries cleared`);
        }
      },
    }),
    handleJob(healthReportJob, {
      async perform() {
        const report = await deps.health.report();
        return complete(
          { status: report.status },
          (tx) => deps.healthHistory.add(tx, report),
        );
      },
    }),
    handleJob(backupJob, {
      async perform(job) {
        if (!deps.backups) {
          return complete({ skipped: "the database is not a file of this service" });
        }
        const backup = await deps.backups.create(job.signal);
        const result = { name: backup.name, bytes: backup.compressedBytes };
        if (!deps.offsite) return complete(result);
        return complete(
          { ...result, upload: "queued" },
          (tx) => void engine.prepare(tx, uploadJob, {}),
        );
      },
    }),
  ];
}
