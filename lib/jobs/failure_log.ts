import type { Logger } from "../log.ts";
import type { JobRecord } from "./job.ts";

/**
 * Says in the log that a job failed for good. Neither payload nor message is in it: they may hold what
 * users wrote; both are in the job's record.
 */
export function warnOfFailure(log: Logger, id: string, queue: string, record: JobRecord): void {
  log.warn("a task failed for good", {
    task_id: id,
    kind: record.kind,
    queue,
    code: record.errors?.at(-1)?.code ?? "failed",
    attempts: record.attempt,
    ...(record.crashes && { crashes: record.crashes }),
  });
}
