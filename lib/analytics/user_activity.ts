import { bump, type Counts, hasAny, sumOf } from "../kv/counts.ts";
import type { WriteSet } from "../kv/write_set.ts";
import { totalsKey } from "./keys.ts";
import { Metric } from "./metrics.ts";
import { endDay, firstDay, type PeriodKind, periodOf } from "./periods.ts";

/** Days from 0000-01-01 to the epoch, so that the field of every day of our era is not negative. */
const ERA = 719_528;
const KINDS: readonly PeriodKind[] = ["day", "week", "month"];

/** The field of a day in a user's record. */
export const dayField = (day: number): number => day + ERA;

/** Conversations that the user's record counts in a period. */
export const conversationsIn = (user: Counts, kind: PeriodKind, n: number): number =>
  sumOf(user, dayField(firstDay(kind, n)), dayField(endDay(kind, n)));

const activeIn = (user: Counts, kind: PeriodKind, n: number): boolean =>
  hasAny(user, dayField(firstDay(kind, n)), dayField(endDay(kind, n)));

/** The days whose count differs between two versions of a user's record. */
export function changedDays(before: Counts, after: Counts): number[] {
  const days: number[] = [];
  let i = 0;
  let j = 0;
  while (i < before.fields.length || j < after.fields.length) {
    const a = before.fields[i] ?? Infinity;
    const b = after.fields[j] ?? Infinity;
    if (a === b && before.values[i] === after.values[j]) {
      i++;
      j++;
      continue;
    }
    days.push(Math.min(a, b) - ERA);
    if (a <= b) i++;
    if (b <= a) j++;
  }
  return days;
}

/**
 * Adds to the totals what a change of one user's record means for them: active users, new users
 * (in the period first seen, which late data may move back) and users retained from the period
 * before, for day, week and month.
 */
export function countActivity(before: Counts, after: Counts, days: number[], tx: WriteSet): void {
  const fresh = days.filter((day) => activeIn(before, "day", day) !== activeIn(after, "day", day));
  if (fresh.length === 0) return;
  const seen = (user: Counts) => user.fields.length > 0 ? user.fields[0]! - ERA : null;
  const seenBefore = seen(before);
  const seenAfter = seen(after);
  for (const kind of KINDS) {
    const deltas = new Map<number, Map<number, number>>();
    const count = (n: number, metric: number, by: number) => {
      let delta = deltas.get(n);
      if (!delta) deltas.set(n, delta = new Map([[Metric.version, 1]]));
      bump(delta, metric, by);
    };
    const periods = new Set(fresh.map((day) => periodOf(kind, day)));
    for (const n of periods) {
      const by = Number(activeIn(after, kind, n)) - Number(activeIn(before, kind, n));
      if (by !== 0) count(n, Metric.activeUsers, by);
    }
    for (const n of new Set([...periods].flatMap((n) => [n, n + 1]))) {
      const retained = (user: Counts) =>
        Number(activeIn(user, kind, n) && activeIn(user, kind, n - 1));
      const by = retained(after) - retained(before);
      if (by !== 0) count(n, Metric.retainedUsers, by);
    }
    if (seenBefore !== seenAfter) {
      const from = seenBefore === null ? null : periodOf(kind, seenBefore);
      const to = seenAfter === null ? null : periodOf(kind, seenAfter);
      if (from !== to && from !== null) count(from, Metric.newUsers, -1);
      if (from !== to && to !== null) count(to, Metric.newUsers, 1);
    }
    for (const [n, delta] of deltas) tx.add(totalsKey(kind, n), delta);
  }
}
