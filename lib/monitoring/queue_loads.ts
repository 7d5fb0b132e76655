import type { QueueOverview } from "../jobs/queue_overview.ts";
import type { QueueLoads } from "./checks/work.ts";

const UNENDED = ["available", "scheduled", "retrying"] as const;

/** How much waits in each queue, as health and admission look at it. */
export function queueLoads(engine: { queues(): Promise<QueueOverview[]> }): QueueLoads {
  return async () =>
    (await engine.queues()).map((queue) => ({
      name: queue.name,
      waiting: UNENDED.reduce((sum, state) => sum + total(queue.depth[state]), 0),
      running: queue.running,
      oldestWaitingSeconds: queue.oldestWaitingSeconds,
      paused: queue.paused !== null,
    }));
}

function total(byPriority: Record<number, number> = {}): number {
  return Object.values(byPriority).reduce((sum, count) => sum + count, 0);
}
