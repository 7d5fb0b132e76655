/** Buckets of a quarter octave each: bucket i holds up to 2^(i/4) µs; 96 of them reach 16 s. */
const BUCKETS = 96;
const PER_OCTAVE = 4;

/** Milliseconds; null before the first observation. */
export interface LatencySummary {
  count: number;
  p50Ms: number | null;
  p95Ms: number | null;
  p99Ms: number | null;
  maxMs: number | null;
}

/** How long something took, as counts of buckets about 19% wide. */
export class LatencyHistogram {
  readonly #buckets = new Uint32Array(BUCKETS);
  #count = 0;
  #maxMs = 0;

  observe(ms: number): void {
    const bucket = ms <= 0.001 ? 0 : Math.ceil(Math.log2(ms * 1_000) * PER_OCTAVE);
    this.#buckets[Math.min(BUCKETS - 1, bucket)]!++;
    this.#count++;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  /** A percentile is the upper edge of the bucket it falls into, at most the largest seen. */
  summary(): LatencySummary {
    const none = this.#count === 0;
    return {
      count: this.#count,
      p50Ms: none ? null : this.#percentile(0.5),
      p95Ms: none ? null : this.#percentile(0.95),
      p99Ms: none ? null : this.#percentile(0.99),
      maxMs: none ? null : this.#maxMs,
    };
  }

  #percentile(share: number): number {
    let left = Math.ceil(this.#count * share);
    for (let i = 0; i < BUCKETS; i++) {
      left -= this.#buckets[i]!;
      if (left <= 0) return Math.min(this.#maxMs, 2 ** (i / PER_OCTAVE) / 1_000);
    }
    return this.#maxMs;
  }
}
