const BUCKETS_PER_DOUBLING = 8;
const LOWEST_MS = 0.01;
const BUCKETS = 8 * 34;

/** A histogram of durations with buckets 9% apart, from 10 µs to over a day, in constant memory. */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #total = 0;

  record(ms: number): void {
    const index = ms <= LOWEST_MS
      ? 0
      : Math.min(BUCKETS - 1, Math.ceil(Math.log2(ms / LOWEST_MS) * BUCKETS_PER_DOUBLING));
    this.#counts[index]!++;
    this.#total++;
    // Old observations fade, so that percentiles speak of the recent past.
    if (this.#total >= 100_000) this.#halve();
  }

  /** The duration in milliseconds that a share `q` (0–1) stays under; null before any observation. */
  quantile(q: number): number | null {
    if (this.#total === 0) return null;
    const rank = Math.max(1, Math.ceil(q * this.#total));
    let seen = 0;
    for (let i = 0; i < BUCKETS; i++) {
      seen += this.#counts[i]!;
      if (seen >= rank) return LOWEST_MS * 2 ** (i / BUCKETS_PER_DOUBLING);
    }
    return null;
  }

  #halve(): void {
    this.#total = 0;
    for (let i = 0; i < BUCKETS; i++) {
      this.#counts[i] = this.#counts[i]! >> 1;
      this.#total += this.#counts[i]!;
    }
  }
}
