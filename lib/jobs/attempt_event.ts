import type { ReadyJob } from "./ready_set.ts";
import type { JobEvent } from "./events.ts";
import type { JobRecord } from "./job.ts";

/** What an event tells of an attempt. */
interface Told {
  readonly job: ReadyJob;
  readonly startedAt: number;
  readonly progress: { percent: number; message?: string } | undefined;
}

/** What is told of an attempt at `now`; `next` is the record that follows from its end. */
export function attemptEvent(
  { job: { id, address, record }, startedAt, progress }: Told,
  type: JobEvent["type"],
  state: JobEvent["state"],
  now: number,
  next?: JobRecord,
): JobEvent {
  const event: JobEvent = {
    type,
    at: now,
    id,
    kind: record.kind,
    queue: address.queue,
    priority: address.priority,
    state,
    attempt: record.attempt + 1,
    waitMs: startedAt - record.queuedAt,
  };
  if (type !== "job.started") event.runMs = now - startedAt;
  if (progress) event.progress = progress.percent;
  const message = progress?.message;
  if (message && type === "job.progress") event.message = message;
  const error = next?.errors?.at(-1)?.message;
  if (error && next?.state !== "cancelled") event.error = error;
  if (record.batchId && type !== "job.progress") event.batchId = record.batchId;
  return event;
}
