import type { Clock } from "../../lib/clock.ts";

/** How fast a bucket fills, in units a second, and how many it holds at most. */
export interface BucketSize {
  perSecond: number;
  burst: number;
}

const MAX_BUCKETS = 20_000;

/**
 * Token buckets in memory, one a name. A rate of 0 means no limit. When there are too many names,
 * the one that was made first is forgotten, which can only be to its owner's advantage.
 */
export class TokenBuckets {
  readonly #buckets = new Map<string, { left: number; at: number }>();

  constructor(readonly size: BucketSize, readonly clock: Clock) {}

  /** Takes one unit; 0 when there was one, otherwise the seconds until there is one. */
  take(name: string): number {
    const wait = this.wait(name);
    if (wait > 0 || this.size.perSecond === 0) return wait;
    this.#buckets.get(name)!.left -= 1;
    return 0;
  }

  /** Whole units that a name has left, as of its last `take` or `wait`; null without a limit. */
  left(name: string): number | null {
    const bucket = this.#buckets.get(name);
    return this.size.perSecond === 0 || !bucket ? null : Math.floor(bucket.left);
  }

  /** Seconds until there is a unit, 0 when there is one now; takes none. */
  wait(name: string): number {
    const { perSecond, burst } = this.size;
    if (perSecond === 0) return 0;
    const now = this.clock.now();
    let bucket = this.#buckets.get(name);
    if (!bucket) {
      if (this.#buckets.size >= MAX_BUCKETS) {
        this.#buckets.delete(this.#buckets.keys().next().value!);
      }
      bucket = { left: burst, at: now };
      this.#buckets.set(name, bucket);
    }
    // A clock that was set back must not empty a bucket.
    const gained = Math.max(0, now - bucket.at) / 1000 * perSecond;
    bucket.left = Math.min(burst, bucket.left + gained);
    bucket.at = now;
    return bucket.left >= 1 ? 0 : (1 - bucket.left) / perSecond;
  }
}
