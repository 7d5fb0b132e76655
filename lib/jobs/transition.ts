import { messageOf } from "../errors.ts";
import { type Backoff, exponential } from "./backoff.ts";
import { type PutOff, putOffText } from "./waiting.ts";
import { type AttemptError, type JobRecord, MAX_ERRORS_KEPT, MAX_RESULT_BYTES } from "./job.ts";

/** How an attempt ended. */
export type Outcome =
  | { type: "completed"; value?: unknown }
  | { type: "snoozed"; ms: number; because?: PutOff }
  | { type: "cancelled"; reason: string }
  | { type: "failed"; error: unknown }
  /** Shutdown or a lost session: nobody's fault, so no attempt is spent. */
  | { type: "interrupted" }
  /** The process died while it held the job. */
  | { type: "crashed" };

export interface RetryPolicy {
  backoff: Backoff;
  random: () => number;
  worker?: string;
  startedAt?: number;
}

/** Times that a job may take its process down before it is a dead letter. */
export const MAX_CRASHES = 3;
/** Code of the error that says why a job's end could not be stored. */
const UNSETTLED = "unsettled";
const MAX_SNOOZE_MS = 366 * 86_400_000;

/** The record that follows from an attempt's outcome. Pure: all writing happens elsewhere. */
export function decide(
  job: JobRecord,
  outcome: Outcome,
  now: number,
  policy: RetryPolicy,
): JobRecord {
  const { runAt: _runAt, heldBy: _heldBy, reason: _reason, unsettled: _unsettled, ...base } = job;
  if (policy.startedAt !== undefined) base.startedAt = policy.startedAt;
  switch (outcome.type) {
    case "completed":
      return withResult({ ...base, state: "completed", finishedAt: now }, outcome.value);
    case "snoozed": {
      const ms = Number.isFinite(outcome.ms) ? Math.max(0, outcome.ms) : 0;
      const reason = outcome.because && { reason: putOffText(outcome.because) };
      return { ...base, ...reason, state: "scheduled", runAt: now + Math.min(ms, MAX_SNOOZE_MS) };
    }
    case "cancelled":
      return {
        ...base,
        state: "cancelled",
        finishedAt: now,
        reason: messageOf(outcome.reason, 1_000),
      };
    case "interrupted":
      return job;
    case "crashed": {
      const crashes = (job.crashes ?? 0) + 1;
      if (crashes < MAX_CRASHES) return { ...job, crashes };
      const error = {
        ...attemptError(job, now, policy, null),
        code: "crashed",
        message: `the process died ${crashes} times while it ran this task`,
      };
      return { ...base, state: "failed", crashes, finishedAt: now, errors: keep(job, error) };
    }
    case "failed":
      return afterFailure(base, job, outcome.error, now, policy);
  }
}

/**
 * The record of a job whose end could not be stored because its domain's side of it failed: it runs
 * again after the engine's usual wait, which grows to 15 minutes, and no attempt is spent. Pure.
 */
export function putOffEnd(
  job: JobRecord,
  thrown: unknown,
  now: number,
  policy: Omit<RetryPolicy, "backoff">,
): JobRecord {
  const unsettled = (job.unsettled ?? 0) + 1;
  const error = { ...attemptError(job, now, policy, thrown), code: UNSETTLED };
  error.message = messageOf(`its end could not be settled: ${error.message}`, 1_000);
  const earlier = job.errors?.filter(({ code }) => code !== UNSETTLED);
  return {
    ...job,
    state: "retrying",
    unsettled,
    runAt: now + exponential()(unsettled, policy.random),
    errors: keep({ ...job, errors: earlier }, error),
  };
}

function afterFailure(
  base: JobRecord,
  job: JobRecord,
  thrown: unknown,
  now: number,
  policy: RetryPolicy,
): JobRecord {
  const hints = hintsOf(thrown);
  const attempt = job.attempt + 1;
  const failed = {
    ...base,
    attempt,
    errors: keep(job, attemptError(job, now, policy, thrown, hints.code)),
  };
  if (hints.permanent || attempt >= job.maxAttempts) {
    return { ...failed, state: "failed", finishedAt: now };
  }
  const wait = Math.max(backoffMs(policy, attempt), hints.retryAfterMs ?? 0);
  return { ...failed, state: "retrying", runAt: now + Math.min(wait, MAX_SNOOZE_MS) };
}

/** What the kind's own function says, or the usual wait when that throws or is no number. */
function backoffMs({ backoff, random }: RetryPolicy, attempt: number): number {
  try {
    const ms = backoff(attempt, random);
    if (ms >= 0) return ms;
  } catch {
    // An attempt must end even when its kind's function is broken.
  }
  return exponential()(attempt, random);
}

function attemptError(
  job: JobRecord,
  at: number,
  policy: Omit<RetryPolicy, "backoff">,
  thrown: unknown,
  code?: string,
): AttemptError {
  const error: AttemptError = { attempt: job.attempt + 1, at, message: messageOf(thrown, 1_000) };
  if (code) error.code = code;
  if (policy.worker) error.worker = policy.worker;
  if (policy.startedAt !== undefined) error.startedAt = policy.startedAt;
  return error;
}

function keep(job: JobRecord, error: AttemptError): AttemptError[] {
  return [...(job.errors ?? []), error].slice(-MAX_ERRORS_KEPT);
}

/** What a thrown value says about retrying, if it says anything. */
function hintsOf(thrown: unknown): { permanent?: boolean; retryAfterMs?: number; code?: string } {
  if (typeof thrown !== "object" || thrown === null) return {};
  try {
    const { permanent, retryAfterMs, code } = thrown as Record<string, unknown>;
    return {
      permanent: permanent === true,
      retryAfterMs: typeof retryAfterMs === "number" && retryAfterMs > 0 ? retryAfterMs : undefined,
      code: typeof code === "string" ? code.slice(0, 100) : undefined,
    };
  } catch {
    return {}; // a value whose fields cannot be read was thrown
  }
}

function withResult(record: JobRecord, value: unknown): JobRecord {
  if (value === undefined) return record;
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    return { ...record, result: { omitted: "the result cannot be written as JSON" } };
  }
  if (text === undefined) return record;
  if (text.length > MAX_RESULT_BYTES) {
    return { ...record, result: { omitted: `a result of ${text.length} characters` } };
  }
  // Primitives and plain JSON only: what a class instance would lose is lost here already.
  return { ...record, result: typeof value === "object" ? JSON.parse(text) : value };
}
