import type { Principal } from "../../lib/auth/principal.ts";
import type { JobView } from "../../lib/jobs/engine.ts";
import type { WaitingReason } from "../../lib/jobs/waiting.ts";
import type { TaskStatus } from "../../lib/wire/schemas/tasks.ts";
import type { TurnResult } from "../../lib/wire/schemas/conversations.ts";
import { HIDDEN, priorityWord } from "../../lib/wire/schemas/text.ts";
import type { TurnResultView } from "../deps.ts";

/** An instant on the wire. */
export const instant = (at: number): string => new Date(at).toISOString();

/** A task's status on the wire; *available* is the engine's word. */
export function statusWord(state: JobView["state"]): TaskStatus["status"] {
  return state === "available" ? "queued" : state;
}

/** What a task was given, by name, for those who may read it. */
export function shownPayload(
  payload: unknown,
  { content }: Principal,
): Record<string, unknown> | typeof HIDDEN {
  if (!content) return HIDDEN;
  const named = typeof payload === "object" && payload !== null && !Array.isArray(payload);
  return named ? payload as Record<string, unknown> : { payload };
}

/** A task as people see it, with its arguments and result only for those who may read them. */
export function shownTask(
  job: JobView,
  principal: Principal,
  waiting: WaitingReason[] = [],
): TaskStatus {
  const lastError = job.errors?.at(-1);
  return {
    task_id: job.id,
    name: job.kind,
    status: statusWord(job.state),
    queue: job.queue,
    priority: priorityWord(job.priority),
    // The engine counts attempts that ended in an error; people count those that were begun.
    attempt: job.state === "running" || job.state === "completed" ? job.attempt + 1 : job.attempt,
    max_attempts: job.maxAttempts,
    progress: job.state === "completed" ? 100 : job.progress?.percent ?? 0,
    ...(job.progress?.message ? { progress_message: job.progress.message } : {}),
    ...(job.result === undefined ? {} : { result: principal.content ? job.result : HIDDEN }),
    ...(job.state === "cancelled"
      ? { error: { code: "cancelled", message: job.reason ?? "cancelled" } }
      : lastError && job.state !== "completed"
      ? { error: { code: lastError.code, message: lastError.message } }
      : {}),
    queued_at: instant(job.queuedAt),
    ...(job.runAt === undefined ? {} : { run_at: instant(job.runAt) }),
    ...(job.startedAt === undefined ? {} : { started_at: instant(job.startedAt) }),
    ...(job.finishedAt === undefined ? {} : { finished_at: instant(job.finishedAt) }),
    kwargs: shownPayload(job.payload, principal),
    waiting_because: waiting,
  };
}

/** A turn's result with its text only for those who may read it. */
export function shownResult(result: TurnResultView, { content }: Principal): TurnResult {
  const shown = content ? result : { ...result, response: HIDDEN, metadata: HIDDEN };
  return shown as unknown as TurnResult;
}
