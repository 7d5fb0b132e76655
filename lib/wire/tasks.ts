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
  /** Percent, with a message where the task gave one. */
  progress: Progress | number | null;
}

export interface Progress {
  percent: number;
  message?: string;
}

export type WaitingReason =
  | "paused"
  | "behind"
  | "earlier_turn"
  | "backoff"
  | "concurrency"
  | "rate_limited"
  | "no_worker"
  | "provider_down";

/** One reason why an unfinished task is not running, in words and data. */
export interface Waiting {
  reason: WaitingReason;
  /** A sentence for people. */
  detail: string;
  until?: Instant;
  /** What would change it, in words. */
  action?: string;
  /** The task of the earlier turn, where that is the reason. */
  task_id?: string;
}

export interface TaskError {
  code?: string;
  message: string;
}

/** `task_status` of GET /tasks/{task_id}. */
export interface TaskDetail {
  task_id: string;
  name: string;
  status: TaskStatus;
  queue: string;
  priority: PriorityWord;
  attempt: number;
  max_attempts: number;
  progress: Progress | number | null;
  result?: unknown;
  error?: TaskError | string;
  queued_at: Instant;
  started_at?: Instant;
  finished_at?: Instant;
  waiting_because: Waiting[];
  /** What the task was given; `[hidden]` for those without the right to read content. */
  args?: unknown[];
  kwargs?: Record<string, unknown> | string;
}

/** An item of `tasks` in GET /tasks. */
export interface TaskRow {
  task_id: string;
  name: string;
  status: TaskStatus;
  queue: string;
  priority: PriorityWord;
  attempt: number;
  max_attempts: number;
  progress?: Progress | number | null;
  error?: TaskError | string;
  queued_at: Instant;
  started_at?: Instant;
  finished_at?: Instant;
}

/** GET /tasks. */
export interface TaskPage {
  tasks: TaskRow[];
  next_cursor?: string | null;
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

/** An item of `queues` in GET /queues. */
export interface QueueInfo {
  name: string;
  depth: {
    by_status: Partial<Record<TaskStatus, number>>;
    by_priority: Partial<Record<PriorityWord, number>>;
  };
  oldest_waiting_seconds: number | null;
  /** Since when and by whom, or false. */
  paused: boolean | { by: string; since: Instant };
  throughput_per_second: number;
  /** Milliseconds from queued to finished; null before the first. */
  latency: { p50: number | null; p95: number | null; p99: number | null };
}
