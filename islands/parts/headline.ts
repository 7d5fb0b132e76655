import type { OverviewData } from "./page_data.ts";
import { clock, count, duration, percent } from "./format.ts";
import { byMinute } from "./minutes.ts";
import { COUNTED, OVERVIEW as T } from "./texts.ts";
import { asWords, CHECK, HEALTH, type Tone } from "./words.ts";

export interface Headline {
  tone: Tone;
  /** How it stands and since when, or why not well; then what waits. One sentence each. */
  title: string;
  /** What runs, and how conversations end. */
  work: string;
}

type Parts = Pick<
  OverviewData,
  "health" | "queues" | "active" | "summary" | "history" | "now" | "zone"
>;

/** One glance: how the service stands, why if not well, and whether its work piles up. */
export function headline(data: Parts): Headline {
  const { tone, title } = standing(data);
  return { tone, title: [title, waiting(data)].filter(Boolean).join(" "), work: running(data) };
}

function standing({ health, now, zone }: Parts): { tone: Tone; title: string } {
  if (!health) return { tone: "bad", title: T.noHealth };
  const { since } = health;
  if (health.status === "healthy") {
    return { tone: "ok", title: since ? T.wellSince(clock(Date.parse(since), now, zone)) : T.well };
  }
  const { word, tone } = HEALTH[health.status];
  const reasons = health.checks.filter((check) => check.status !== "healthy");
  const worst = reasons.find((check) => check.status === "unhealthy") ?? reasons[0];
  if (!worst) return { tone, title: `${word}.` };
  const reason = worst.detail ? worst.detail.replace(/\.$/, "") : T.notWell;
  const others = reasons.length > 1 ? T.andMore(count(reasons.length - 1)) : "";
  const name = CHECK[worst.name] ?? asWords(worst.name);
  // "CPU at 99%" names itself; "not connected" does not.
  const told = reason.toLowerCase().startsWith(name.toLowerCase()) ? reason : `${name}, ${reason}`;
  return { tone, title: `${word}: ${told}${others}.` };
}

function waiting({ queues, history }: Parts): string {
  if (!queues) return "";
  const paused = queues.filter((queue) => queue.paused).map((queue) => queue.name);
  const held = paused.length > 0 ? ` ${T.paused(paused.join(", "))}` : "";
  const waits = queues.reduce((sum, queue) => sum + waitingIn(queue.depth.by_status), 0);
  if (waits === 0) return T.nothingWaits + held;
  const oldest = Math.max(...queues.map((queue) => queue.oldest_waiting_seconds ?? 0), 0);
  // What waits for its time alone has no age, and is not in the history of what could run.
  const ready = oldest > 0 || queues.some((queue) => (queue.depth.by_status["queued"] ?? 0) > 0);
  const parts = [
    T.waiting(count(waits)),
    ...ready ? [T.oldest(duration(oldest * 1000))] : [T.forTheirTime],
    ...ready && history ? trend(byMinute(history, "queue_depth")) : [],
  ];
  return `${parts.join(", ")}.${held}`;
}

/** Fewer minutes than this tell no direction. */
const FEWEST = 6;
const RECENT = 3;

/** "shrinking" or "growing": the last minutes against those before, when they differ by a tenth. */
export function trend(depths: (number | null)[]): string[] {
  const known = depths.slice(-15).filter((depth) => depth !== null);
  if (known.length < FEWEST) return [];
  const mean = (part: number[]) => part.reduce((sum, one) => sum + one, 0) / part.length;
  const before = mean(known.slice(0, -RECENT));
  const now = mean(known.slice(-RECENT));
  if (Math.abs(now - before) < Math.max(1, before * 0.1)) return [T.steady];
  return [now < before ? T.shrinking : T.growing];
}

function running({ active, summary }: Parts): string {
  const parts: string[] = [];
  const runs = active?.task_count ?? summary?.active_tasks_count;
  if (runs !== undefined) parts.push(runs === 0 ? T.nothingRuns : T.runs(COUNTED.tasks(runs)));
  const talks = summary?.conversation_metrics;
  const ended = talks ? talks.status_breakdown.completed + talks.status_breakdown.failed : 0;
  if (talks && ended > 0) parts.push(T.succeeded(percent(talks.success_rate)));
  return parts.length === 0 ? "" : `${parts.join("; ")}.`;
}

/** Tasks that wait for a worker or for their time. */
export function waitingIn(byStatus: Partial<Record<string, number>>): number {
  return (byStatus["queued"] ?? 0) + (byStatus["scheduled"] ?? 0) + (byStatus["retrying"] ?? 0);
}
