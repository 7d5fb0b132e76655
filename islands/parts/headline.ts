import type { OverviewData } from "./page_data.ts";
import { count, counted, duration, percent } from "./format.ts";
import { asWords, HEALTH, type Tone } from "./words.ts";

export interface Headline {
  tone: Tone;
  /** How it stands, in one or two words or with the reason. */
  title: string;
  /** What waits and what runs. */
  work: string;
}

/** One glance: how the service stands, why if not well, and what it has to do. */
export function headline(
  data: Pick<OverviewData, "health" | "queues" | "active" | "summary">,
): Headline {
  return { ...standing(data.health), work: workload(data) };
}

function standing(health: OverviewData["health"]): { tone: Tone; title: string } {
  if (!health) return { tone: "bad", title: "Health could not be read" };
  if (health.status === "healthy") return { tone: "ok", title: "All well" };
  const { word, tone } = HEALTH[health.status];
  const reasons = health.checks.filter((check) => check.status !== "healthy");
  const worst = reasons.find((check) => check.status === "unhealthy") ?? reasons[0];
  if (!worst) return { tone, title: word };
  const reason = worst.detail ? worst.detail.replace(/\.$/, "") : asWords(worst.name);
  const others = reasons.length > 1 ? `, and ${count(reasons.length - 1)} more` : "";
  return { tone, title: `${word}: ${reason}${others}` };
}

function workload(
  { queues, active, summary }: Pick<OverviewData, "queues" | "active" | "summary">,
) {
  const parts: string[] = [];
  if (queues) {
    const waiting = queues.reduce((sum, queue) => sum + waitingIn(queue.depth.by_status), 0);
    const oldest = Math.max(...queues.map((queue) => queue.oldest_waiting_seconds ?? 0), 0);
    parts.push(
      waiting === 0
        ? "Nothing is waiting"
        : `${counted(waiting, "task")} waiting, the oldest ${duration(oldest * 1000)}`,
    );
    const paused = queues.filter((queue) => queue.paused).map((queue) => queue.name);
    if (paused.length > 0) parts.push(`paused: ${paused.join(", ")}`);
  }
  const running = active?.task_count ?? summary?.active_tasks_count;
  if (running !== undefined) {
    parts.push(running === 0 ? "nothing runs" : `${count(running)} running`);
  }
  const talks = summary?.conversation_metrics;
  const ended = talks ? talks.status_breakdown.completed + talks.status_breakdown.failed : 0;
  if (talks && ended > 0) parts.push(`${percent(talks.success_rate)} of conversations succeeded`);
  return parts.length === 0 ? "" : `${parts.join("; ")}.`;
}

/** Tasks that wait for a worker or for their time. */
export function waitingIn(byStatus: Partial<Record<string, number>>): number {
  return (byStatus["queued"] ?? 0) + (byStatus["scheduled"] ?? 0) + (byStatus["retrying"] ?? 0);
}
