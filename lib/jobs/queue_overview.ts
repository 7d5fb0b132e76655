import { readElsewhere } from "./elsewhere.ts";
import type { QueueRunner } from "./queue_runner.ts";
import type { QueueStats } from "./queue_stats.ts";
import { readDepth } from "./store.ts";

export interface QueueOverview {
  name: string;
  /** Jobs by state and priority. */
  depth: Record<string, Record<number, number>>;
  /** Since the longest waiting job was queued; null when none waits. */
  oldestWaitingSeconds: number | null;
  paused: { by: string; at: number } | null;
  concurrency: number;
  running: number;
  throughputPerSecond: number;
  /** Milliseconds from queued to started and from started to ended; null before any. */
  waitMs: { p50: number | null; p95: number | null; p99: number | null };
  runMs: { p50: number | null; p95: number | null; p99: number | null };
  /** When an attempt of the queue last ended, milliseconds UTC; null before the first. */
  lastEndedAt: number | null;
}

/**
 * What one queue holds and how it goes, from counters and memory; of a queue that another process
 * serves, or none, from counters and records.
 */
export async function queueOverview(
  kv: Deno.Kv,
  name: string,
  context: {
    now: number;
    pause: { by: string; at: number } | null;
    runner: QueueRunner | undefined;
    stats: QueueStats;
  },
): Promise<QueueOverview> {
  const { now, runner, stats } = context;
  const depth = await readDepth(kv, name);
  // Running is not stored: it is what the worker has in its hands of the available and due ones.
  for (const { job } of runner?.running.values() ?? []) {
    const { priority } = job.address;
    const from = depth[job.record.state] ?? {};
    from[priority] = Math.max(0, (from[priority] ?? 0) - 1);
    const running = depth["running"] ??= {};
    running[priority] = (running[priority] ?? 0) + 1;
  }
  const { running, oldestQueuedAt: oldest } = runner
    ? { running: runner.busy, oldestQueuedAt: runner.oldestQueuedAt() }
    : await readElsewhere(kv, name, depth["available"] ?? {}, now);
  return {
    name,
    depth,
    oldestWaitingSeconds: oldest === null ? null : Math.max(0, now - oldest) / 1000,
    paused: context.pause,
    concurrency: runner?.concurrency ?? 0,
    running,
    throughputPerSecond: stats.throughput(now),
    waitMs: quantiles(stats.wait),
    runMs: quantiles(stats.run),
    lastEndedAt: stats.lastEndedAt || null,
  };
}

function quantiles(
  histogram: QueueStats["wait"],
): { p50: number | null; p95: number | null; p99: number | null } {
  return {
    p50: histogram.quantile(0.5),
    p95: histogram.quantile(0.95),
    p99: histogram.quantile(0.99),
  };
}
