/** A job's life. The API says *task* for job and `queued` for `available`. */
export type JobState =
  | "scheduled" // waits for its time, or is held until something releases it
  | "available" // may run now
  | "running"
  | "retrying" // failed an attempt, waits for the next
  | "completed"
  | "failed" // out of attempts or refused for good: a dead letter
  | "cancelled";

/** Which state may follow which; everything else is a bug. Drawn in docs/jobs.md. */
export const TRANSITIONS: Record<JobState, readonly JobState[]> = {
  scheduled: ["available", "cancelled"],
  available: ["running", "failed", "cancelled"],
  running: ["completed", "retrying", "failed", "cancelled", "scheduled", "available"],
  retrying: ["available", "cancelled"],
  completed: [],
  failed: ["scheduled"], // redriven, due at once
  cancelled: ["scheduled"],
};

export const isTerminal = (state: JobState): boolean =>
  state === "completed" || state === "failed" || state === "cancelled";

/** Priorities run from 0 (first) to 9. */
export const PRIORITY = { high: 1, normal: 5, low: 9 } as const;
export const PRIORITIES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const;
export const isPriority = (n: number): boolean => Number.isInteger(n) && n >= 0 && n <= 9;
export const isAttempts = (n: number): boolean => Number.isSafeInteger(n) && n >= 1;

/**
 * A payload may take this many bytes as JSON: 48 KiB. Larger data belongs in a store, its key in the
 * payload.
 */
export const MAX_PAYLOAD_BYTES = 48 * 1024;
/** What a kind may allow itself that wraps somebody else's payload: 48 KiB and what stands beside. */
export const MAX_WRAPPED_BYTES = 52 * 1024;
/** Results above this are cut to a note, so that a record always fits its KV value. */
export const MAX_RESULT_BYTES = 8 * 1024;
/** Errors kept of a job's attempts, newest last. */
export const MAX_ERRORS_KEPT = 5;

/** One failed attempt. */
export interface AttemptError {
  attempt: number;
  at: number;
  message: string;
  code?: string;
  worker?: string;
  startedAt?: number;
}

/**
 * What is stored under a job's key, the same key for the job's whole life. Queue, shard, priority
 * and order are in the key. Instants are milliseconds UTC. `running` is never stored: it is known
 * to the worker that runs the job, so claiming writes nothing here.
 */
export interface JobRecord {
  kind: string;
  payload: unknown;
  state: Exclude<JobState, "running">;
  queuedAt: number;
  /** Attempts that have ended in an error. */
  attempt: number;
  maxAttempts: number;
  /** When a scheduled or retrying job is due, 0 = at once; absent on a held one. */
  runAt?: number;
  /** The job that must end before this one is released. */
  heldBy?: string;
  startedAt?: number;
  finishedAt?: number;
  result?: unknown;
  errors?: AttemptError[];
  /** How often a process died while it held this job. */
  crashes?: number;
  /** How often in a row its end could not be stored because of its domain's side of it. */
  unsettled?: number;
  /** Who cancelled it and why; of one that its handler put off, what `putOffText` made of that. */
  reason?: string;
  uniqueKey?: string;
  fairKey?: string;
  /** The batch it belongs to. */
  batchId?: string;
  /** It remembers results of outside calls. */
  remembers?: boolean;
  /** The trace it belongs to, as a W3C `traceparent`. */
  trace?: string;
  /** Longest time of one attempt, when the enqueuer set one. */
  timeoutMs?: number;
}

/** A stored job together with what its key says. */
export interface Job extends JobRecord {
  id: string;
  queue: string;
  priority: number;
}
