import type { Instant } from "./envelope.ts";
import type { HealthReport } from "./system.ts";
import type { TaskStatus } from "./tasks.ts";

/** The `event:` names of GET /events; `id:` counts up, and `Last-Event-ID` resumes after it. */
export type EventName = "task" | "queue" | "health" | "alert";

/** `event: task`: a task changed its status or made progress. */
export interface TaskEvent {
  task_id: string;
  name: string;
  queue: string;
  status: TaskStatus;
  progress?: number;
  at: Instant;
}

/** `event: queue`: a queue was paused or resumed, or its depth moved. */
export interface QueueEvent {
  queue: string;
  change: "paused" | "resumed" | "depth";
  at: Instant;
}

/** `event: health` carries the whole report. */
export type HealthEvent = HealthReport;

/** `event: alert`: something crossed a threshold, or came back. */
export interface AlertEvent {
  name: string;
  firing: boolean;
  detail: string;
  at: Instant;
}
