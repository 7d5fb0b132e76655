/** Tasks and queues as the API answers them; types only, so that no schema reaches the browser. */
import type { z } from "@hono/zod-openapi";
import type * as queues from "./schemas/queues.ts";
import type * as actions from "./schemas/task_actions.ts";
import type * as schema from "./schemas/tasks.ts";

/** `task_status` of GET /tasks/{task_id}, and an item of `tasks` in GET /tasks. */
export type TaskDetail = schema.TaskStatus;
export type TaskStatus = TaskDetail["status"];
/** An item of `active_tasks` in GET /tasks/active. */
export type ActiveTask = z.infer<typeof schema.ActiveTask>;
/** One reason why an unfinished task is not running, in words and data. */
export type Waiting = TaskDetail["waiting_because"][number];
export type WaitingReason = Waiting["reason"];
/** An item of `queues` in GET /queues. */
export type QueueInfo = z.infer<typeof queues.Queue>;

/** PUT /queues/{name}/limits. */
export type QueueLimits = z.infer<typeof actions.QueueLimitsBody>;

/** POST /tasks/actions. */
export type BulkAnswer = z.infer<typeof actions.TaskActionAnswer>;

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
