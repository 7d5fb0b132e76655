import { bump, type Counts, hasAny } from "../kv/counts.ts";
import type { CountChange, WriteSet } from "../kv/write_set.ts";
import { totalsKey } from "./keys.ts";
import { Metric } from "./metrics.ts";
import { noteFirstDay } from "./user_changes.ts";
import { isStart } from "./user_month.ts";
import { endDay, firstDay, type PeriodKind, periodOf, QUARTERS_A_DAY } from "./periods.ts";

/** Days from 0000-01-01 to the epoch, so that the field of every day of our era is not negative. */
const ERA = 719_528;
const KINDS: readonly PeriodKind[] = ["day", "week", "month"];

/** The field of a day in a user's record, which holds 1 for each day with a conversation. */
export const dayField = (day: number): number => day + ERA;

/** The days of a user's record, in order. */
export const activeDays = (user: Counts): number[] => user.fields.map((field) => field - ERA);

/** The days on which a user's record of a month shows a first conversation (or lost its last). */
export function turnedDays(month: number, change: CountChange): Map<number, number> {
  const start = firstDay("month", month);
  const turned = new Map<number, number>();
  for (const quarter of change.delta.keys()) {
    if (!isStart(quarter)) continue;
    const first = Math.floor(quarter / QUARTERS_A_DAY) * QUARTERS_A_DAY;
    const active = (user: Counts) => Number(hasAny(user, first, first + QUARTERS_A_DAY));
    const by = active(change.after) - active(change.before);
    if (by !== 0) turned.set(dayField(start + first / QUARTERS_A_DAY), by);
  }
  return turned;
}

const activeIn = (user: Counts, kind: PeriodKind, n: number): boolean =>
  hasAny(user, dayField(firstDay(kind, n)), dayField(endDay(kind, n)));

/**
 * Adds to the totals what a change of one user's record means for them: active users, new users
 * (in the period first seen, which late data may move back) and users retained from the period
 * before, for day, week and month.
 */
export function countActivity({ before, after, delta }: CountChange, tx: WriteSet): void {
  const days = [...delta.keys()].map((field) => field - ERA);
  const seen = (user: Counts) => user.fields.length > 0 ? user.fields[0]! - ERA : null;
  const seenBefore = seen(before);
  const seenAfter = seen(after);
  noteFirstDay(tx, seenBefore, seenAfter);
  for (const kind of KINDS) {
    const deltas = new Map<number, Map<number, number>>();
    const count = (n: number, metric: number, by: number) => {
      let delta = deltas.get(n);
      if (!delta) deltas.set(n, delta = new Map([[Metric.version, 1]]));
      bump(delta, metric, by);
    };
    const periods = new Set(days.map((day) => periodOf(kind, day)));
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
