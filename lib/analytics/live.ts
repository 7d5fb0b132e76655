import { bump, countOf, type Counts, decodeCounts } from "../kv/counts.ts";
import type { WriteSet } from "../kv/write_set.ts";
import type { CountedStatus } from "./facts.ts";
import { liveKey, totalsKey } from "./keys.ts";
import { Metric } from "./metrics.ts";
import { QUARTER_MS, quarterOf } from "./periods.ts";

const Field = { total: 0, pending: 1, completed: 2, failed: 3, cancelled: 4 } as const;

/** Conversations that came in live (not imported), by the status of their latest turn. */
export interface LiveMetrics {
  total: number;
  /** Waiting or being answered. */
  pending: number;
  completed: number;
  /** With the cancelled ones. */
  failed: number;
  cancelled: number;
  /** completed ÷ (completed + failed − cancelled) × 100, not rounded; null over nothing. */
  successRate: number | null;
}

/** How turns ended. */
export interface TurnOutcomes {
  completed: number;
  failed: number;
  cancelled: number;
}

/** Counts a live conversation's change of status; `from` null means that it is new. */
export function countLive(tx: WriteSet, from: CountedStatus | null, to: CountedStatus): void {
  if (from === to) return;
  const delta = new Map<number, number>();
  if (from === null) bump(delta, Field.total, 1);
  else bump(delta, Field[from], -1);
  bump(delta, Field[to], 1);
  tx.add(liveKey, delta);
}

/** How many live conversations there are, by status. */
export async function readLiveMetrics(kv: Deno.Kv): Promise<LiveMetrics> {
  const live = decodeCounts((await kv.get(liveKey)).value);
  const completed = countOf(live, Field.completed);
  const failed = countOf(live, Field.failed);
  const cancelled = countOf(live, Field.cancelled);
  return {
    total: countOf(live, Field.total),
    pending: countOf(live, Field.pending),
    completed,
    failed: failed + cancelled,
    cancelled,
    successRate: completed + failed > 0 ? completed / (completed + failed) * 100 : null,
  };
}

/** How the turns ended that ended from `from` to `to` (ms), to the quarter hour, both included. */
export async function readOutcomes(kv: Deno.Kv, from: number, to: number): Promise<TurnOutcomes> {
  const outcomes = { completed: 0, failed: 0, cancelled: 0 };
  const range = {
    start: totalsKey("quarter", quarterOf(from)),
    end: totalsKey("quarter", quarterOf(to + QUARTER_MS)),
  };
  for await (const { value } of kv.list(range)) {
    const totals: Counts = decodeCounts(value);
    outcomes.completed += countOf(totals, Metric.turnsCompleted);
    outcomes.failed += countOf(totals, Metric.turnsFailed);
    outcomes.cancelled += countOf(totals, Metric.turnsCancelled);
  }
  return outcomes;
}

/** Tokens that models took on the UTC day of `at`. */
export async function readTokens(kv: Deno.Kv, at: number): Promise<number> {
  const day = Math.floor(at / 86_400_000);
  const totals = decodeCounts((await kv.get(totalsKey("day", day))).value);
  return countOf(totals, Metric.promptTokens) + countOf(totals, Metric.completionTokens);
}
