import { startsBetween } from "../user_month.ts";
import { bucketAt } from "./bucket_sums.ts";
import type { Bucket } from "./calendar.ts";
import type { UserMonth } from "../user_months.ts";

/** Distinct users of a bucket. */
export interface Active {
  active: number;
  /** Their first conversation ever. */
  fresh: number;
  /** Active in the bucket before too. */
  returning: number;
}

/** Counts the distinct users of buckets that follow each other, told their months in order. */
export class Activity {
  readonly counts: Active[];
  /** The last bucket of each user that one to come may belong to or follow. */
  readonly #last = new Map<string, number>();

  readonly #from: number;
  readonly #to: number;

  /** At least one bucket. */
  constructor(readonly buckets: readonly Bucket[]) {
    this.#from = buckets[0]!.from;
    this.#to = buckets.at(-1)!.to;
    this.counts = buckets.map(() => ({ active: 0, fresh: 0, returning: 0 }));
  }

  add({ userId, record, base, firstEver }: UserMonth): void {
    const [first, end] = startsBetween(record, this.#from - base, this.#to - base);
    if (first === end) return;
    let last = this.#last.get(userId);
    let bucket = bucketAt(this.buckets, base + record.fields[first]!);
    for (let i = first; i < end; i++) {
      while (this.buckets[bucket]!.to <= base + record.fields[i]!) bucket++;
      if (bucket === last) continue;
      const count = this.counts[bucket]!;
      count.active++;
      if (firstEver && i === 0) count.fresh++;
      else if (last === bucket - 1) count.returning++;
      last = bucket;
    }
    if (last !== undefined) this.#last.set(userId, last);
  }

  /** All that lies before this quarter hour was added. */
  until(quarter: number): void {
    const next = this.buckets.findIndex(({ to }) => to > quarter);
    for (const [userId, last] of this.#last) if (last < next - 1) this.#last.delete(userId);
  }
}
