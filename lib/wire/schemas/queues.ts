import { z } from "@hono/zod-openapi";
import { success } from "./envelope.ts";
import { Count, Instant, pageSize } from "./text.ts";

const Quantiles = z.object({
  p50: z.number().nullable(),
  p95: z.number().nullable(),
  p99: z.number().nullable(),
});

export const Queue = z.object({
  name: z.string(),
  depth: z.object({
    total: Count,
    by_status: z.record(z.string(), Count),
    by_priority: z.record(z.string(), Count),
  }),
  oldest_waiting_seconds: z.number().nullable(),
  paused: z.boolean(),
  paused_by: z.string().optional(),
  paused_since: Instant.optional(),
  throughput_per_second: z.number(),
  concurrency: Count,
  latency: Quantiles.openapi({ description: "milliseconds from queued to started" }),
  run_time: Quantiles.openapi({ description: "milliseconds from started to ended" }),
}).openapi("Queue");
export const QueueList = success({ queues: z.array(Queue) });
export const QueuePaused = success({ queue: z.string(), paused: z.boolean() });
export const QueueProbed = success({ queue: z.string(), task_id: z.string() });

export const Schedule = z.object({
  name: z.string(),
  cron: z.string(),
  description: z.string(),
  next_run_at: Instant.nullable(),
  last_run_at: Instant.nullable(),
  last_status: z.string().nullable(),
  missed: Count,
  paused: z.boolean(),
  paused_by: z.string().optional(),
  paused_since: Instant.optional(),
}).openapi("Schedule");
export const ScheduleList = success({ schedules: z.array(Schedule) });
export const ScheduleRun = success({ name: z.string(), task_id: z.string() });
export const SchedulePaused = success({ name: z.string(), paused: z.boolean() });

/** How a tick went: at its time, after downtime, by hand, or passed over. */
export const Tick = z.object({
  tick_at: Instant.openapi({ description: "when it was due" }),
  at: Instant.openapi({ description: "when it was acted on" }),
  kind: z.enum(["fired", "backfilled", "manual", "skipped"]),
  by: z.string().openapi({ description: "`schedule`, `start`, or who ran it by hand" }),
  task_id: z.string().optional().openapi({ description: "absent where it was skipped" }),
  task_status: z.string().optional().openapi({ description: "absent where it is kept no more" }),
  missed: Count.openapi({ description: "ticks before it that passed while nothing ran" }),
}).openapi("ScheduleTick");
export const LedgerQuery = z.object({ limit: pageSize(200, 50) });
export const ScheduleLedger = success({ name: z.string(), ticks: z.array(Tick) });
