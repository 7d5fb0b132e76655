import type { z } from "zod";
import type { WriteSet } from "../kv/write_set.ts";
import type { Logger } from "../log.ts";
import { type Backoff, exponential } from "./backoff.ts";
import { isAttempts, isPriority, type Job, MAX_PAYLOAD_BYTES, MAX_WRAPPED_BYTES } from "./job.ts";
import { isQueueName } from "./job_id.ts";
import type { PutOff } from "./waiting.ts";

/** Adds what a job does to our database; committed with the job's completion or not at all. */
export type Effects = (tx: WriteSet) => void | Promise<void>;

/** What a handler says when it is done. Throwing instead means: try again later. */
export type PerformResult =
  | { type: "complete"; value?: unknown; effects?: Effects }
  | { type: "snooze"; ms: number; because?: PutOff }
  | { type: "cancel"; reason: string };

/**
 * The job is done. `effects` are committed in the same atomic as the completion, so they happen
 * exactly once. When a check in them fails they are run again on fresh reads, so they must not
 * keep state of an earlier run.
 */
export const complete = (value?: unknown, effects?: Effects): PerformResult => ({
  type: "complete",
  value,
  effects,
});

/**
 * Not now: run again in `ms` milliseconds, without spending an attempt. `waitingBecause` says
 * `because` until then, or that it was asked to run later.
 */
export const snooze = (ms: number, because?: PutOff): PerformResult => ({
  type: "snooze",
  ms,
  because,
});

/** Give up on purpose; nothing is retried and nothing counts as a failure. */
export const cancel = (reason: string): PerformResult => ({ type: "cancel", reason });

/** Throw this, or any error with these fields, to say more than "try again". */
export class JobError extends Error {
  override readonly name = "JobError";
  /** No further attempt can help: the job fails now. */
  readonly permanent: boolean;
  /** Wait at least this long before the next attempt. */
  readonly retryAfterMs: number | undefined;
  readonly code: string | undefined;

  constructor(
    message: string,
    options: { permanent?: boolean; retryAfterMs?: number; code?: string; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.permanent = options.permanent ?? false;
    this.retryAfterMs = options.retryAfterMs;
    this.code = options.code;
  }
}

/** What a handler gets. */
export interface PerformContext<P> {
  id: string;
  kind: string;
  queue: string;
  payload: P;
  priority: number;
  /** 1 on the first attempt. */
  attempt: number;
  maxAttempts: number;
  /** Milliseconds UTC. */
  queuedAt: number;
  startedAt: number;
  /** Aborts on cancellation, time-out and shutdown; pass it on to every fetch. */
  signal: AbortSignal;
  log: Logger;
  /** Tells how far the job is, 0–100. */
  progress(percent: number, message?: string): void;
  /**
   * Makes an outside call once: its result is remembered under `key` and handed back on later
   * attempts. A process that dies right after the call may make it again, so send a stable id.
   */
  once<T>(key: string, fn: () => Promise<T> | T): Promise<T>;
}

/** Why a job ended without its handler saying so. */
export interface Settlement {
  state: "failed" | "cancelled";
  error: { code: string; message: string };
}

/** A kind of job as those who enqueue it know it: where it runs, what it takes, how it is retried. */
export interface JobKind<P = unknown> {
  readonly kind: string;
  readonly queue: string;
  readonly payload: z.ZodType<P>;
  /** 0 runs first, 9 last. */
  readonly priority: number;
  readonly maxAttempts: number;
  /** Longest time of one attempt; then its signal aborts and, a little later, it is abandoned. */
  readonly timeoutMs: number;
  readonly backoff: Backoff;
  /** Bytes that a payload may take as JSON. */
  readonly maxPayloadBytes: number;
}

/** What performs a kind of job. */
export interface JobHandler<P> {
  perform(job: PerformContext<P>): Promise<PerformResult | void> | PerformResult | void;
  /** Adds the domain's side of a failure or cancellation to the commit that records it. */
  settle?(tx: WriteSet, job: Job, settlement: Settlement): Promise<void> | void;
  /** Adds the domain's side of a retry of a failed or cancelled job; undoes what `settle` did. */
  revive?(tx: WriteSet, job: Job): Promise<void> | void;
  /** Reads the result of a completed job where the domain keeps it, instead of in the job. */
  result?(job: Job): Promise<unknown>;
}

/** A kind of job together with its handler: what a worker needs. */
export interface JobDefinition<P = unknown> extends JobKind<P>, JobHandler<P> {}

/** Any definition, whatever its payload. Handlers are checked against payloads by their schema. */
// deno-lint-ignore no-explicit-any
export type AnyDefinition = JobDefinition<any>;

export interface JobKindOptions<P> {
  kind: string;
  queue: string;
  payload: z.ZodType<P>;
  priority?: number;
  maxAttempts?: number;
  timeoutMs?: number;
  backoff?: Backoff;
  /** 48 KiB when absent; at most 52 KiB, for a kind that wraps somebody else's payload. */
  maxPayloadBytes?: number;
}

/**
 * Declares a kind of job without its handler, for a domain that enqueues what a worker performs.
 * Throws a RangeError for a queue name or number that cannot work.
 */
export function declareJob<P>(options: JobKindOptions<P>): JobKind<P> {
  const { kind, queue, payload, priority = 5, maxAttempts = 5, timeoutMs = 60_000 } = options;
  if (!isQueueName(queue)) {
    throw new RangeError(`queue "${queue}": use lower-case letters, digits and _`);
  }
  if (!isPriority(priority)) {
    throw new RangeError(`priority of ${kind}: use a whole number from 0 to 9`);
  }
  if (!isAttempts(maxAttempts) || !(timeoutMs >= 1)) {
    throw new RangeError(`${kind}: maxAttempts is a whole number from 1, timeoutMs at least 1`);
  }
  const { backoff = exponential(), maxPayloadBytes = MAX_PAYLOAD_BYTES } = options;
  if (!(maxPayloadBytes <= MAX_WRAPPED_BYTES)) {
    throw new RangeError(`${kind}: maxPayloadBytes is at most ${MAX_WRAPPED_BYTES}`);
  }
  return { kind, queue, payload, priority, maxAttempts, timeoutMs, backoff, maxPayloadBytes };
}

/** Gives a declared kind its handler. */
export function handleJob<P>(kind: JobKind<P>, handler: JobHandler<P>): JobDefinition<P> {
  return { ...kind, ...handler };
}

/**
 * Declares a kind of job and its handler in one. Enqueueing and the handler are typed from the
 * payload's schema. Throws as `declareJob` does.
 */
export function defineJob<P>(options: JobKindOptions<P> & JobHandler<P>): JobDefinition<P> {
  const { perform, settle, revive, result } = options;
  return { ...declareJob(options), perform, settle, revive, result };
}
