import { z } from "@hono/zod-openapi";
import { success } from "./envelope.ts";
import { Count } from "./text.ts";

/** Which tasks, and what to do to them. Counted only, unless `dry_run` is false. */
export const TaskAction = z.object({
  action: z.enum(["cancel", "retry", "discard"]),
  queue: z.string().max(100).optional(),
  status: z.enum(["queued", "scheduled", "running", "retrying", "failed", "cancelled"]).optional(),
  name: z.string().max(200).optional(),
  q: z.string().max(200).optional(),
  rate_per_second: z.number().positive().max(100_000).optional().openapi({
    description: "Tasks acted on a second at most.",
  }),
  dry_run: z.boolean().optional().openapi({ description: "Count only; true when absent." }),
}).openapi("TaskAction", { example: { action: "retry", queue: "conversations", dry_run: true } });

export const TaskActionAnswer = success({
  action: z.enum(["cancel", "retry", "discard"]),
  matching: Count,
  capped: z.boolean().openapi({ description: "There are more than were counted." }),
  dry_run: z.boolean(),
  task_id: z.string().optional().openapi({ description: "The task that does it." }),
});

export const QueueLimitsBody = z.object({
  concurrency: z.number().int().min(1).max(10_000).optional(),
  rate_per_second: z.number().positive().max(1_000_000).optional(),
}).openapi("QueueLimits", { example: { concurrency: 20, rate_per_second: 100 } });

export const QueueLimitsAnswer = success({
  queue: z.string(),
  concurrency: z.number().int().optional(),
  rate_per_second: z.number().optional(),
});
