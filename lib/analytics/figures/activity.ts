import { startedBy } from "../user_month.ts";
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

  constructor(readonly buckets: readonly Bucket[]) {
    this.counts = buckets.map(() => ({ active: 0, fresh: 0, returning: 0 }));
  }

  add({ userId, record, base, firstEver }: UserMonth): void {
    let last = this.#last.get(userId);
    let ever = firstEver;
    for (const { quarter } of startedBy(record)) {
      const bucket = bucketAt(this.buckets, base + quarter);
      if (bucket >= 0 && bucket !== last) {
        const count = this.counts[bucket]!;
        count.active++;
        if (ever) count.fresh++;
        else if (last === bucket - 1) count.returning++;
        last = bucket;
      }
      ever = false;
    }
    if (last !== undefined) this.#last.set(userId, last);
  }

  /** All that lies before this quarter hour was added. */
  until(quarter: number): void {
    const next = this.buckets.findIndex(({ to }) => to > quarter);
    for (const [userId, last] of this.#last) if (last < next - 1) this.#last.delete(userId);
  }
}
