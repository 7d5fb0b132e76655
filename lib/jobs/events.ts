import type { JobState } from "./job.ts";

/** What happened to a job, told after it is durable. Logs, metrics and live pages subscribe. */
export interface JobEvent {
  type:
    | "job.queued"
    | "job.started"
    | "job.progress"
    | "job.completed"
    | "job.retrying"
    | "job.failed"
    | "job.cancelled"
    | "job.snoozed";
  at: number;
  id: string;
  kind: string;
  queue: string;
  priority: number;
  state: JobState;
  attempt: number;
  /** Milliseconds from queued to started, and from started to ended, where known. */
  waitMs?: number;
  runMs?: number;
  progress?: number;
  message?: string;
  error?: string;
  /** The batch it belongs to, told when it ends. */
  batchId?: string;
}

export interface QueueEvent {
  type: "queue.paused" | "queue.resumed";
  at: number;
  queue: string;
  by?: string;
}

export type EngineEvent = JobEvent | QueueEvent;
export type EventListener = (event: EngineEvent) => void;

/** Delivers events to whoever subscribed, in the process. A listener that fails harms nobody. */
export class EventHub {
  readonly #listeners = new Set<EventListener>();
  /** Those that have failed: a fault may come with every event, and is told once. */
  readonly #faulty = new WeakSet<EventListener>();

  /** `onFault` is told the first fault of each listener. */
  constructor(readonly onFault: (error: unknown) => void) {}

  /** True when anybody listens; building an event for nobody is waste. */
  get active(): boolean {
    return this.#listeners.size > 0;
  }

  /** Calls `listener` for each event from now on; the returned function ends that. */
  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(event: EngineEvent): void {
    for (const listener of this.#listeners) {
      try {
        const told: unknown = listener(event);
        if (told instanceof Promise) told.catch((error) => this.#fault(listener, error));
      } catch (error) {
        this.#fault(listener, error); // it must not reach the job that was told of
      }
    }
  }

  #fault(listener: EventListener, error: unknown): void {
    if (this.#faulty.has(listener)) return;
    this.#faulty.add(listener);
    this.onFault(error);
  }
}
