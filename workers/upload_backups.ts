import { z } from "zod";
import type { Clock } from "../lib/clock.ts";
import { exponential } from "../lib/jobs/backoff.ts";
import { complete, declareJob, handleJob, type JobDefinition } from "../lib/jobs/definition.ts";
import type { Backups } from "../lib/monitoring/backup.ts";
import type { OffsiteBackups } from "../lib/monitoring/offsite_backups.ts";
import { recordFailedUpload, recordUpload } from "../lib/monitoring/upload_record.ts";

type Nothing = Record<string, never>;

/** Copies backups to the bucket: a step of its own, so that the backup counts without it. */
export const uploadJob = declareJob<Nothing>({
  kind: "upload_backups",
  queue: "maintenance",
  payload: z.object({}),
  maxAttempts: 8,
  backoff: exponential(30_000, 30 * 60_000),
  timeoutMs: 6 * 60 * 60_000,
});

export interface UploadDeps {
  clock: Clock;
  backups: Backups | null;
  /** Null where no bucket is configured. */
  offsite: OffsiteBackups | null;
}

/** Uploads what the bucket lacks, and records how that ended for the alert. */
export function uploadBackups({ clock, backups, offsite }: UploadDeps): JobDefinition<Nothing> {
  return handleJob(uploadJob, {
    async perform(job) {
      if (!backups || !offsite) return complete({ skipped: "BACKUP_S3_BUCKET is not set" });
      const { uploaded, bytes, deleted } = await offsite.sync(await backups.list(), {
        signal: job.signal,
        progress: (done, total) => job.progress(100 * done / total, `${done} of ${total} bytes`),
      });
      return complete(
        { uploaded: uploaded.length, bytes, deleted: deleted.length },
        (tx) => recordUpload(tx, clock.now()),
      );
    },

    settle(tx, _job, { state, error }) {
      if (state === "failed") recordFailedUpload(tx, clock.now(), error.message);
    },
  });
}
