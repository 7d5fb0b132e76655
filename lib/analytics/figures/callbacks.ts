import { QUARTERS_A_DAY } from "../periods.ts";
import { type Started, startedBy, startsBetween } from "../user_month.ts";
import { bucketAt } from "./bucket_sums.ts";
import type { Bucket } from "./calendar.ts";
import type { UserMonth } from "../user_months.ts";

/** Live conversations of a bucket whose 24 hours are over. */
export interface Quiet {
  /** All but cancelled ones. */
  n: number;
  /** In which nothing went wrong, and whose user began no other within 24 hours. */
  contained: number;
}

/** Quarter hours after the end of a bucket that decide what of it was called back. */
export const CALLBACK_QUARTERS = QUARTERS_A_DAY;

/**
 * Counts conversations after which their user did not come back: began no other one, with any bot,
 * in the same quarter hour or the 96 after it. Told the users' months in order.
 */
export class Callbacks {
  readonly counts: Quiet[];
  /** What each user began last. */
  readonly #last = new Map<string, Started & { bucket: number; at: number }>();

  readonly #span: { from: number; to: number };

  /** `now` in quarter hours: of those that are not over for 24 hours nothing is counted. */
  constructor(readonly buckets: readonly Bucket[], readonly now: number) {
    this.counts = buckets.map(() => ({ n: 0, contained: 0 }));
    this.#span = { from: buckets[0]?.from ?? 0, to: buckets.at(-1)?.to ?? 0 };
  }

  add({ userId, record, base }: UserMonth): void {
    let last = this.#last.get(userId);
    // What began before counts nowhere; what began after only calls something back.
    const { from, to } = this.#span;
    const [first, end] = startsBetween(record, from - base, to - base + CALLBACK_QUARTERS + 1);
    for (const started of startedBy(record, first, end)) {
      const at = base + started.quarter;
      if (last && at - last.at > CALLBACK_QUARTERS) this.#keep(last);
      last = { ...started, at, bucket: this.#bucketOf(at, started) };
    }
    if (last) this.#last.set(userId, last);
  }

  /** All that lies before this quarter hour was added. */
  until(quarter: number): void {
    for (const [userId, last] of this.#last) {
      if (quarter - last.at <= CALLBACK_QUARTERS) continue;
      this.#keep(last);
      this.#last.delete(userId);
    }
  }

  /** Nothing called it back. */
  #keep({ bucket, conversations, leftOut, troubled }: Started & { bucket: number }): void {
    if (bucket < 0 || conversations > 1) return;
    this.counts[bucket]!.contained += conversations - leftOut - troubled;
  }

  /** The bucket in which this counts, −1 for none; counts it as looked at. */
  #bucketOf(at: number, { conversations, leftOut }: Started): number {
    if (at + CALLBACK_QUARTERS >= this.now) return -1;
    const bucket = bucketAt(this.buckets, at);
    if (bucket >= 0) this.counts[bucket]!.n += conversations - leftOut;
    return bucket;
  }
}
