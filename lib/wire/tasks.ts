import type { Instant, PriorityWord } from "./envelope.ts";

export type TaskStatus =
  | "queued"
  | "scheduled"
  | "running"
  | "retrying"
  | "completed"
  | "failed"
  | "cancelled";

/** An item of `active_tasks` in GET /tasks/active. */
export interface ActiveTask {
  task_id: string;
  name: string;
  status: TaskStatus;
  queue: string;
  priority: PriorityWord;
  worker: string;
  args: unknown[];
  kwargs: Record<string, unknown>;
  started_at: Instant;
  attempt: number;
  /** Percent; 0 until the task says how far it is. */
  progress: number;
  progress_message?: string;
}

export type WaitingReason =
  | "paused"
  | "behind"
  | "earlier_turn"
  | "backoff"
  | "scheduled"
  | "concurrency"
  | "rate_limited"
  | "no_worker"
  | "provider_down";

/** One reason why an unfinished task is not running, in words and data. */
export interface Waiting {
  reason: WaitingReason;
  /** For people. */
  detail: string;
  until?: Instant;
  /** What would change it: "resume" its queue. */
  action?: string;
}

export interface TaskError {
  code?: string;
  message: string;
}

/** `task_status` of GET /tasks/{task_id}, and an item of `tasks` in GET /tasks. */
export interface TaskDetail {
  task_id: string;
  name: string;
  status: TaskStatus;
  queue: string;
  priority: PriorityWord;
  attempt: number;
  max_attempts: number;
  /** Percent; 0 until the task says how far it is. */
  progress: number;
  progress_message?: string;
  result?: unknown;
  error?: TaskError;
  queued_at: Instant;
  /** Not before. */
  run_at?: Instant;
  started_at?: Instant;
  finished_at?: Instant;
  /** What it was given; `[hidden]` for those without the right to read content. */
  kwargs?: Record<string, unknown> | string;
  /** Empty in lists. */
  waiting_because: Waiting[];
}

/** GET /tasks. */
export interface TaskPage {
  tasks: TaskDetail[];
  /** The search ended before it had seen everything. */
  capped?: boolean;
  next_cursor?: string;
}

/** The query of GET /tasks. */
export interface TaskQuery {
  queue?: string;
  status?: TaskStatus;
  name?: string;
  q?: string;
  limit?: number;
  cursor?: string;
}

/** Milliseconds; null before the first. */
export interface Quantiles {
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

/** An item of `queues` in GET /queues. */
export interface QueueInfo {
  name: string;
  depth: {
    total: number;
    by_status: Record<string, number>;
    /** By number, "0" to "9"; 0 runs first. */
    by_priority: Record<string, number>;
  };
  oldest_waiting_seconds: number | null;
  paused: boolean;
  paused_by?: string;
  paused_since?: Instant;
  throughput_per_second: number;
  /** How many of its tasks run at once at most. */
  concurrency: number;
  /** From queued to started. */
  latency: Quantiles;
  /** From started to ended. */
  run_time: Quantiles;
}
