import type { Clock } from "../clock.ts";

const SECONDS = 64;
const RATE_WINDOW_SECONDS = 10;
const MINUTES = 1_440;
const MAX_NAMESPACES = 100;
/** Where namespaces are counted once there are too many to tell apart. */
const OTHER_NAMESPACES = "(other)";

/** Why something was not stored. */
export type Refusal =
  | "bad_key"
  | "unserialisable"
  | "too_large"
  | "obsolete"
  | "redis_unavailable"
  | "redis_refused";

export interface LookupCounts {
  hits: number;
  misses: number;
}

/** Our own lookups: in all, per namespace, over the last seconds and over the last 24 hours. */
export class LookupCounters {
  hits = 0;
  misses = 0;
  fills = 0;
  writes = 0;
  damaged = 0;
  bytesSaved = 0;
  readonly refusals: Partial<Record<Refusal, number>> = {};
  readonly namespaces = new Map<string, LookupCounts>();
  readonly startedAt: number;
  readonly #clock: Clock;
  readonly #operations = new Float64Array(SECONDS);
  readonly #operationsAt = new Float64Array(SECONDS);
  readonly #dayHits = new Float64Array(MINUTES);
  readonly #dayMisses = new Float64Array(MINUTES);
  readonly #dayAt = new Float64Array(MINUTES);

  constructor(clock: Clock) {
    this.#clock = clock;
    this.startedAt = clock.now();
  }

  lookup(namespace: string, hit: boolean): void {
    const now = this.#operation();
    const minute = Math.floor(now / 60_000);
    const slot = minute % MINUTES;
    if (this.#dayAt[slot] !== minute) {
      this.#dayAt[slot] = minute;
      this.#dayHits[slot] = this.#dayMisses[slot] = 0;
    }
    const counts = this.#namespace(namespace);
    if (hit) {
      this.hits++;
      counts.hits++;
      this.#dayHits[slot]!++;
    } else {
      this.misses++;
      counts.misses++;
      this.#dayMisses[slot]!++;
    }
  }

  /** A write, deletion or other operation that is no lookup. */
  operation(): void {
    this.#operation();
  }

  refuse(reason: Refusal): void {
    this.refusals[reason] = (this.refusals[reason] ?? 0) + 1;
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

  #operation(): number {
    const now = this.#clock.now();
    const second = Math.floor(now / 1_000);
    const slot = second % SECONDS;
    if (this.#operationsAt[slot] !== second) {
      this.#operationsAt[slot] = second;
      this.#operations[slot] = 0;
    }
    this.#operations[slot]!++;
    return now;
  }

  #namespace(name: string): LookupCounts {
    const known = this.namespaces.get(name);
    if (known) return known;
    const place = this.namespaces.size < MAX_NAMESPACES ? name : OTHER_NAMESPACES;
    const counts = this.namespaces.get(place) ?? { hits: 0, misses: 0 };
    this.namespaces.set(place, counts);
    return counts;
  }
}

/** Hits as a share of lookups in percent; null before the first one. */
export function hitRate({ hits, misses }: LookupCounts): number | null {
  return hits + misses === 0 ? null : hits / (hits + misses) * 100;
}
