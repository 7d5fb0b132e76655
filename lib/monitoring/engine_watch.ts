import type { EngineEvent } from "../jobs/events.ts";
import type { JobEngine } from "../jobs/engine.ts";
import { LatencyHistogram } from "../jobs/latency.ts";
import type { QueueOverview } from "../jobs/queue_overview.ts";
import { nextTick } from "../jobs/schedule.ts";
import type { Scheduler } from "../jobs/scheduler.ts";
import type { QueueLoad, ScheduleState } from "./checks/work.ts";
import type { ServiceMetrics } from "./service_metrics.ts";

/** What health, history and metrics ask of the job engine; listens from its making until `close`. */
export class EngineWatch {
  #latency = new LatencyHistogram();
  #metrics: ServiceMetrics | null = null;
  readonly #unsubscribe: () => void;

  /** `answering` is the queue whose latency is that of the service. */
  constructor(
    readonly engine: Pick<JobEngine, "queues" | "events">,
    readonly answering = "conversations",
  ) {
    this.#unsubscribe = engine.events.subscribe((event) => this.#hear(event));
  }

  /** Counts attempts of jobs into `metrics` from now on. */
  countInto(metrics: ServiceMetrics): void {
    this.#metrics = metrics;
  }

  async queueLoads(): Promise<QueueLoad[]> {
    return (await this.engine.queues()).map((queue) => ({
      name: queue.name,
      waiting: waitingIn(queue),
      running: queue.running,
      oldestWaitingSeconds: queue.oldestWaitingSeconds,
      paused: queue.paused !== null,
    }));
  }

  /**
   * Jobs that wait over all queues, and the 95th percentile from queued to answered of what ended
   * since the last call; null when nothing did.
   */
  async load(): Promise<{ queueDepth: number; latencyMs: number | null }> {
    const latency = this.#latency;
    this.#latency = new LatencyHistogram();
    const queues = await this.engine.queues();
    return {
      queueDepth: queues.reduce((sum, queue) => sum + waitingIn(queue), 0),
      latencyMs: latency.quantile(0.95),
    };
  }

  close(): void {
    this.#unsubscribe();
  }

  #hear(event: EngineEvent): void {
    const outcome = /^job\.(completed|retrying|failed|cancelled)$/.exec(event.type)?.[1];
    if (!outcome || !("kind" in event)) return;
    const { queue, kind, waitMs, runMs } = event;
    if (outcome === "completed" && queue === this.answering && runMs !== undefined) {
      this.#latency.record((waitMs ?? 0) + runMs);
    }
    this.#metrics?.jobs.add({ queue, kind, outcome });
    if (runMs !== undefined) this.#metrics?.jobSeconds.observe({ queue, kind }, runMs / 1_000);
  }
}

function waitingIn(queue: QueueOverview): number {
  return Object.values(queue.depth["available"] ?? {}).reduce((sum, count) => sum + count, 0);
}

/**
 * Every schedule with the tick after its last run: in the past when that one did not come. `since` is
 * when the service started; ticks before were not its to bring.
 */
export async function scheduleStates(
  scheduler: Pick<Scheduler, "list" | "schedules">,
  since: number,
): Promise<ScheduleState[]> {
  const timings = new Map(scheduler.schedules.map(({ name, timing }) => [name, timing]));
  return (await scheduler.list()).map(({ name, lastAt, nextAt }) => {
    const timing = timings.get(name);
    return { name, dueAt: timing ? nextTick(timing, Math.max(lastAt ?? 0, since)) : nextAt };
  });
}
