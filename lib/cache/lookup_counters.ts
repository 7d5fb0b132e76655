import type { Clock } from "../clock.ts";
import { LatencyHistogram } from "./latency.ts";
import { type NamespaceCounts, NamespaceTable } from "./namespace_counts.ts";

const SECONDS = 64;
const RATE_WINDOW_SECONDS = 10;
const MINUTES = 1_440;

/** Why something was not stored. */
export type Refusal =
  | "bad_key"
  | "unserialisable"
  | "unfit"
  | "too_large"
  | "obsolete"
  | "redis_unavailable"
  | "redis_refused";

/** The place that answered a lookup. */
export type Tier = "process" | "redis";

export interface LookupCounts {
  hits: number;
  misses: number;
}

/** Our own lookups: in all, per namespace, over the last seconds and over the last 24 hours. */
export class LookupCounters {
  hits = 0;
  misses = 0;
  staleHits = 0;
  fills = 0;
  writes = 0;
  damaged = 0;
  bytesSaved = 0;
  readonly refusals: Partial<Record<Refusal, number>> = {};
  readonly namespaces = new NamespaceTable();
  readonly latency = { process: new LatencyHistogram(), redis: new LatencyHistogram() };
  readonly tierHits = { process: 0, redis: 0 };
  readonly startedAt: number;
  readonly #clock: Clock;
  readonly #operations = new Float64Array(SECONDS);
  readonly #operationsAt = new Float64Array(SECONDS);
  readonly #dayHits = new Float64Array(MINUTES);
  readonly #dayMisses = new Float64Array(MINUTES);
  readonly #dayAt = new Float64Array(MINUTES);
  #second = -1;
  #slot = 0;
  #minuteSlot = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.startedAt = clock.now();
  }

  hit(counts: NamespaceCounts, tier: Tier, now: number): void {
    this.#tick(now);
    this.hits++;
    this.#dayHits[this.#minuteSlot]!++;
    this.tierHits[tier]++;
    if (tier === "process") counts.processHits++;
    else counts.redisHits++;
  }

  stale(counts: NamespaceCounts): void {
    this.staleHits++;
    counts.staleHits++;
  }

  miss(counts: NamespaceCounts, now = this.#clock.now()): void {
    this.#tick(now);
    this.misses++;
    this.#dayMisses[this.#minuteSlot]!++;
    counts.misses++;
  }

  fill(counts: NamespaceCounts, tookMs: number): void {
    this.fills++;
    counts.fills++;
    counts.fillLatency.observe(tookMs);
  }

  took(counts: NamespaceCounts, tier: Tier, ms: number): void {
    this.latency[tier].observe(ms);
    (tier === "process" ? counts.processLatency : counts.redisLatency).observe(ms);
  }

  /** A write, deletion or other operation that is no lookup. */
  operation(now = this.#clock.now()): void {
    this.#tick(now);
  }

  refuse(reason: Refusal, counts?: NamespaceCounts): void {
    this.refusals[reason] = (this.refusals[reason] ?? 0) + 1;
    if (counts) counts.refusals++;
  }

  saved(counts: NamespaceCounts, bytes: number): void {
    this.bytesSaved += bytes;
    counts.bytesSaved += bytes;
  }

  /** Hits and misses of the last 24 hours of this process, to the minute. */
  lastDay(): LookupCounts {
    const newest = Math.floor(this.#clock.now() / 60_000);
    let hits = 0, misses = 0;
    for (let slot = 0; slot < MINUTES; slot++) {
      if (newest - this.#dayAt[slot]! >= MINUTES) continue;
      hits += this.#dayHits[slot]!;
      misses += this.#dayMisses[slot]!;
    }
    return { hits, misses };
  }

  /** Operations a second over the last ten whole seconds, or over the time since the start. */
  operationsPerSecond(): number {
    const now = this.#clock.now();
    const second = Math.floor(now / 1_000);
    let sum = 0;
    for (let at = second - RATE_WINDOW_SECONDS; at <= second; at++) {
      if (this.#operationsAt[at % SECONDS] === at) sum += this.#operations[at % SECONDS]!;
    }
    const windowStart = Math.max(this.startedAt, (second - RATE_WINDOW_SECONDS) * 1_000);
    return sum / Math.max(1, (now - windowStart) / 1_000);
  }

  #tick(now: number): void {
    const second = Math.floor(now / 1_000);
    if (second !== this.#second) this.#turn(second);
    this.#operations[this.#slot]!++;
  }

  #turn(second: number): void {
    this.#second = second;
    this.#slot = second % SECONDS;
    if (this.#operationsAt[this.#slot] !== second) {
      this.#operationsAt[this.#slot] = second;
      this.#operations[this.#slot] = 0;
    }
    const minute = Math.floor(second / 60);
    this.#minuteSlot = minute % MINUTES;
    if (this.#dayAt[this.#minuteSlot] === minute) return;
    this.#dayAt[this.#minuteSlot] = minute;
    this.#dayHits[this.#minuteSlot] = this.#dayMisses[this.#minuteSlot] = 0;
  }
}

/** Hits as a share of lookups in percent; null before the first one. */
export function hitRate({ hits, misses }: LookupCounts): number | null {
  return hits + misses === 0 ? null : hits / (hits + misses) * 100;
}
