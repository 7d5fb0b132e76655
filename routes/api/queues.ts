import { z } from "@hono/zod-openapi";
import { notFound } from "../../lib/errors.ts";
import type { QueueOverview } from "../../lib/jobs/queue_overview.ts";
import { type Queue, QueueList, QueuePaused, QueueProbed } from "../../lib/wire/schemas/queues.ts";
import { Id } from "../../lib/wire/schemas/text.ts";
import type { ApiBuilder } from "./operation.ts";
import { instant, statusWord } from "./shown.ts";

const Name = z.object({ name: Id });

/** Queues: how deep, how fast, paused or not. */
export function addQueues(api: ApiBuilder): void {
  const { engine } = api.deps;
  const known = (name: string): string => {
    if (!engine.queueNames.includes(name)) throw unknown();
    return name;
  };
  const unknown = () => notFound("There is no such queue.");

  api.add({
    route: "GET /queues",
    tag: "Queues",
    summary: "Every queue",
    answer: QueueList,
    handle: async () => ({ queues: (await engine.queues()).map(shown) }),
  });

  api.add({
    route: "PUT /queues/{name}/pause",
    tag: "Queues",
    summary: "Stop starting tasks of a queue",
    params: Name,
    unknown,
    answer: QueuePaused,
    async handle({ params, principal }) {
      const queue = known(params.name);
      await engine.pause(queue, principal.subject);
      return { queue, paused: true };
    },
  });

  api.add({
    route: "DELETE /queues/{name}/pause",
    tag: "Queues",
    summary: "Start tasks of a queue again",
    params: Name,
    unknown,
    answer: QueuePaused,
    async handle({ params, principal }) {
      const queue = known(params.name);
      await engine.resume(queue, principal.subject);
      return { queue, paused: false };
    },
  });

  api.add({
    route: "POST /queues/{name}/probe",
    tag: "Queues",
    summary: "Send a task through a queue that does nothing",
    description: "Its way, from queued to ended, shows that the queue works and how fast.",
    params: Name,
    unknown,
    statuses: [503],
    answer: QueueProbed,
    async handle({ params }) {
      const queue = known(params.name);
      api.deps.admit(1);
      return { queue, task_id: await api.deps.work.probe(queue) };
    },
  });
}

function shown(queue: QueueOverview): z.input<typeof Queue> {
  const byStatus: Record<string, number> = {};
  const byPriority: Record<string, number> = {};
  let total = 0;
  for (const [state, levels] of Object.entries(queue.depth)) {
    for (const [priority, count] of Object.entries(levels)) {
      const word = statusWord(state as Parameters<typeof statusWord>[0]);
      byStatus[word] = (byStatus[word] ?? 0) + count;
      byPriority[priority] = (byPriority[priority] ?? 0) + count;
      total += count;
    }
  }
  return {
    name: queue.name,
    depth: { total, by_status: byStatus, by_priority: byPriority },
    oldest_waiting_seconds: queue.oldestWaitingSeconds,
    paused: queue.paused !== null,
    ...(queue.paused ? { paused_by: queue.paused.by, paused_since: instant(queue.paused.at) } : {}),
    throughput_per_second: queue.throughputPerSecond,
    concurrency: queue.concurrency,
    latency: queue.waitMs,
    run_time: queue.runMs,
  };
}
