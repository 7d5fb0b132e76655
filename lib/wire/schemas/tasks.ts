import { z } from "@hono/zod-openapi";
import { success } from "./envelope.ts";
import {
  Count,
  Cursor,
  GivenInstant,
  HIDDEN,
  Id,
  Instant,
  pageSize,
  Percent,
  PriorityWord,
  WebAddress,
  words,
} from "./text.ts";

export const TASK_STATUSES = [
  "queued",
  "scheduled",
  "running",
  "retrying",
  "completed",
  "failed",
  "cancelled",
] as const;
export const TaskStatusWord = z.enum(TASK_STATUSES);

const hidden = z.literal(HIDDEN);

export const ActiveTask = z.object({
  task_id: z.string(),
  name: z.string(),
  status: TaskStatusWord,
  queue: z.string(),
  priority: PriorityWord,
  worker: z.string(),
  args: z.array(z.unknown()),
  kwargs: z.union([z.record(z.string(), z.unknown()), hidden]),
  started_at: Instant,
  attempt: Count,
  progress: Percent,
  progress_message: z.string().optional(),
}).openapi("ActiveTask");

export const WAITING_REASONS = [
  "paused",
  "behind",
  "earlier_turn",
  "backoff",
  "scheduled",
  "concurrency",
  "rate_limited",
  "no_worker",
  "provider_down",
  "training",
] as const;

export const WaitingBecause = z.object({
  reason: z.enum(WAITING_REASONS),
  detail: z.string(),
  task_id: z.string().optional().openapi({
    description: "with `earlier_turn`: the task that goes first, unless it is a flow's steps",
  }),
  until: Instant.optional(),
  action: z.string().optional(),
  limits: z.object({
    concurrency: z.number().int().optional(),
    rate_per_second: z.number().optional(),
  }).optional(),
}).openapi("WaitingBecause");

export const TaskError = z.object({ code: z.string().optional(), message: z.string() });

export const TaskStatus = z.object({
  task_id: z.string(),
  name: z.string(),
  status: TaskStatusWord,
  queue: z.string(),
  priority: PriorityWord,
  attempt: Count,
  max_attempts: Count,
  progress: Percent,
  progress_message: z.string().optional(),
  result: z.unknown().optional(),
  error: TaskError.optional(),
  queued_at: Instant,
  run_at: Instant.optional(),
  started_at: Instant.optional(),
  finished_at: Instant.optional(),
  kwargs: z.union([z.record(z.string(), z.unknown()), hidden]).optional(),
  waiting_because: z.array(WaitingBecause),
}).openapi("TaskStatus");
export type TaskStatus = z.infer<typeof TaskStatus>;

export const ActiveTasksQuery = z.object({
  queue: Id.optional(),
  limit: pageSize(200, 100),
  cursor: Cursor.optional(),
});
export const ActiveTasks = success({
  active_tasks: z.array(ActiveTask),
  task_count: Count,
  next_cursor: z.string().optional(),
});
export const TaskAnswer = success({ task_status: TaskStatus });
export const TaskCancelled = success({ cancelled: z.boolean(), task_id: z.string() });
export const TaskQueued = success({ task_id: z.string() });

export const TasksQuery = z.object({
  queue: Id.optional(),
  status: TaskStatusWord.optional(),
  name: Id.optional(),
  q: words(1, 200).optional(),
  limit: pageSize(200, 50),
  cursor: Cursor.optional(),
});
export const TaskList = success({
  tasks: z.array(TaskStatus),
  capped: z.boolean().optional().openapi({ description: "the search ended before it saw all" }),
  next_cursor: z.string().optional(),
});

/** What a task's payload may hold: 48 KiB as JSON. */
const MAX_PAYLOAD_BYTES = 48 * 1024;
const encoder = new TextEncoder();

export const NewTask = z.object({
  name: Id,
  queue: Id,
  payload: z.unknown().refine((value) => {
    const text = JSON.stringify(value ?? null);
    // A value of the database holds 64 KiB, in which other letters than Latin ones take two bytes.
    // deno-lint-ignore no-control-regex
    if (text.length > 30_000 && /[^\x00-\xff]/.test(text)) return false;
    return text.length <= MAX_PAYLOAD_BYTES && encoder.encode(text).length <= MAX_PAYLOAD_BYTES;
  }, { error: "must have at most 48 KiB as JSON, or 30,000 characters where not all are Latin-1" }),
  url: WebAddress,
  priority: PriorityWord.nullish(),
  run_at: GivenInstant.nullish(),
  unique_key: Id.nullish(),
  max_attempts: z.int().min(1).max(100).nullish(),
}).openapi("NewTask", {
  example: {
    name: "invoice",
    queue: "default",
    url: "https://tasks.example.com/invoice",
    payload: { order: "o-1" },
  },
});
