import { bump, countOf, type Counts, decodeCounts } from "../kv/counts.ts";
import type { WriteSet } from "../kv/write_set.ts";
import type { CountedStatus } from "./facts.ts";
import { liveKey, totalsKey } from "./keys.ts";
import { HOUR_STRIDE, HourMetric, HOURS, Metric } from "./metrics.ts";
import { quarterOf, QUARTERS_A_DAY } from "./periods.ts";

/** Fields of the live record. */
export const LiveField = { total: 0, pending: 1, completed: 2, failed: 3, cancelled: 4 } as const;

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
  if (from === null) bump(delta, LiveField.total, 1);
  else bump(delta, LiveField[from], -1);
  bump(delta, LiveField[to], 1);
  tx.add(liveKey, delta);
}

/** How many live conversations there are, by status. */
export async function readLiveMetrics(kv: Deno.Kv): Promise<LiveMetrics> {
  const live = decodeCounts((await kv.get(liveKey)).value);
  const completed = countOf(live, LiveField.completed);
  const failed = countOf(live, LiveField.failed);
  const cancelled = countOf(live, LiveField.cancelled);
  return {
    total: countOf(live, LiveField.total),
    pending: countOf(live, LiveField.pending),
    completed,
    failed: failed + cancelled,
    cancelled,
    successRate: completed + failed > 0 ? completed / (completed + failed) * 100 : null,
  };
}

/** How the turns ended that ended from `from` to `to` (ms), to the quarter hour, both included. */
export async function readOutcomes(kv: Deno.Kv, from: number, to: number): Promise<TurnOutcomes> {
  const outcomes = { completed: 0, failed: 0, cancelled: 0 };
  const [first, last] = [quarterOf(from), quarterOf(to)];
  const dayOf = (quarter: number) => Math.floor(quarter / QUARTERS_A_DAY);
  const range = { start: totalsKey("day", dayOf(first)), end: totalsKey("day", dayOf(last) + 1) };
  for await (const { key, value } of kv.list(range)) {
    const hours: Counts = decodeCounts(value);
    const midnight = Number(key.at(-1)) * QUARTERS_A_DAY;
    const end = Math.min(last, midnight + QUARTERS_A_DAY - 1);
    for (let quarter = Math.max(first, midnight); quarter <= end; quarter++) {
      const base = HOURS + (quarter - midnight) * HOUR_STRIDE;
      outcomes.completed += countOf(hours, base + HourMetric.turnsCompleted);
      outcomes.failed += countOf(hours, base + HourMetric.turnsFailed);
      outcomes.cancelled += countOf(hours, base + HourMetric.turnsCancelled);
    }
  }
  return outcomes;
}

/** Tokens that models took on the UTC day of `at`. */
export async function readTokens(kv: Deno.Kv, at: number): Promise<number> {
  const day = Math.floor(at / 86_400_000);
  const totals = decodeCounts((await kv.get(totalsKey("day", day))).value);
  return countOf(totals, Metric.promptTokens) + countOf(totals, Metric.completionTokens);
}
