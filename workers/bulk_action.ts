import { z } from "zod";
import { complete, declareJob, handleJob, type JobDefinition } from "../lib/jobs/definition.ts";
import type { JobEngine } from "../lib/jobs/engine.ts";
import { actOnMatching } from "../lib/jobs/matching.ts";

const payload = z.object({
  action: z.enum(["cancel", "retry", "discard"]),
  queue: z.string().optional(),
  state: z.enum(["available", "scheduled", "running", "retrying", "failed", "cancelled"])
    .optional(),
  kind: z.string().optional(),
  text: z.string().optional(),
  rate_per_second: z.number().positive().optional(),
  by: z.string(),
});
export type BulkActionJob = z.infer<typeof payload>;

/** Acts on many tasks at once, as an operator asked. */
export const bulkActionJob = declareJob<BulkActionJob>({
  kind: "bulk_action",
  queue: "maintenance",
  payload,
  priority: 2,
  maxAttempts: 3,
  timeoutMs: 60 * 60_000,
});

const MAX_TASKS = 1_000_000;

/** The handler: goes through the selection with progress, and may be cancelled. */
export function bulkAction(engine: JobEngine): JobDefinition<BulkActionJob> {
  return handleJob(bulkActionJob, {
    async perform(job) {
      const { action, rate_per_second, by, ...selection } = job.payload;
      const result = await actOnMatching(engine, selection, action, {
        limit: MAX_TASKS,
        ratePerSecond: rate_per_second,
        by,
        signal: job.signal,
        progress: (done, failed) => job.progress(50, `${done} done, ${failed} left as they are`),
      });
      return complete(result);
    },
  });
}
