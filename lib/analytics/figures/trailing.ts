import { QUARTERS_A_DAY } from "../periods.ts";
import { startsBetween } from "../user_month.ts";
import type { Bucket } from "./calendar.ts";
import type { UserMonth } from "../user_months.ts";

/** A bucket with the quarter hours at which its last 1, 7 and 30 local days begin. */
export interface TrailingBucket extends Bucket {
  day: number;
  week: number;
  month: number;
}

/** Distinct users of those days. */
export interface Trailing {
  daily: number;
  weekly: number;
  monthly: number;
}

/** Quarter hours before the first bucket that its last 30 days may reach back. */
export const TRAILING_QUARTERS = 31 * QUARTERS_A_DAY;

/** Counts users of the last days of each bucket, told their months in order. */
export class TrailingUsers {
  readonly counts: Trailing[];
  /** The quarter hours in which each user of late was active last before buckets still to count. */
  readonly #seen = new Map<string, number>();
  /** Buckets counted: they ended in months before. */
  #counted = 0;
  /** Users of the month that is being added. */
  #active = new Set<string>();

  /** No bucket looks further back. */
  readonly #from: number;

  constructor(readonly buckets: readonly TrailingBucket[]) {
    this.#from = Math.min(...buckets.map(({ month }) => month));
    this.counts = buckets.map(() => ({ daily: 0, weekly: 0, monthly: 0 }));
  }

  /** `end`: that of the month, in quarter hours. */
  add({ userId, record, base }: UserMonth, end: number): void {
    this.#active.add(userId);
    const [first, after] = startsBetween(record, this.#from - base, end - base);
    if (first === after) return;
    const starts = record.fields.slice(first, after).map((quarter) => base + quarter);
    this.#count(end, this.#seen.get(userId) ?? -Infinity, starts);
    this.#seen.set(userId, starts.at(-1)!);
  }

  /** All users of the month were added. */
  endMonth(end: number): void {
    // A bucket that still runs looks back from now, which may lie a month before its end.
    const next = this.buckets.find(({ to }) => to > end)?.month ?? Infinity;
    for (const [userId, at] of this.#seen) {
      if (!this.#active.has(userId)) this.#count(end, at, []);
      if (at < next) this.#seen.delete(userId);
    }
    this.#active = new Set();
    while (this.#counted < this.buckets.length && this.buckets[this.#counted]!.to <= end) {
      this.#counted++;
    }
  }

  /** Counts a user in the buckets that end in the month which ends here, by the last activity before the end of each. */
  #count(end: number, before: number, starts: readonly number[]): void {
    let next = 0;
    let last = before;
    for (let i = this.#counted; i < this.buckets.length && this.buckets[i]!.to <= end; i++) {
      const { to, day, week, month } = this.buckets[i]!;
      while (next < starts.length && starts[next]! < to) last = starts[next++]!;
      const count = this.counts[i]!;
      if (last >= day) count.daily++;
      if (last >= week) count.weekly++;
      if (last >= month) count.monthly++;
    }
  }
}
