import { LRUCache } from "lru-cache";
import type { Clock } from "../lib/clock.ts";

const MAX_KEPT = 300;
type Elapsed = Pick<Clock, "elapsed">;

/** One reading that many share: while it is made, and for `keepMs` from when it is there. */
class SharedReading<T> {
  // Not to be replaced before it is there: a slow reading must not be begun again and again.
  #until = Infinity;

  constructor(readonly reading: Promise<T>, keepMs: number, readonly clock: Elapsed) {
    reading.then(
      () => this.#until = clock.elapsed() + keepMs,
      () => this.#until = -Infinity,
    );
  }

  get fresh(): boolean {
    return this.clock.elapsed() < this.#until;
  }
}

/**
 * A reading that everybody shares: made once, however many ask at the same time, and kept for
 * `keepMs`. One that fails is not kept; all who waited for it get its error.
 */
export function sharedReading<T>(
  read: () => Promise<T>,
  keepMs: number,
  clock: Elapsed,
): () => Promise<T> {
  let latest: SharedReading<T> | null = null;
  return () => {
    if (!latest?.fresh) latest = new SharedReading(read(), keepMs, clock);
    return latest.reading;
  };
}

/**
 * What several visitors ask for at about the same time, read once: by key, for a while that the
 * asker names. What fails is told to the one who read it; all who waited for it read themselves, as
 * it may have failed for a reason of that one.
 */
export class SharedReadings<T> {
  readonly #kept = new LRUCache<string, SharedReading<T>>({ max: MAX_KEPT });

  constructor(private readonly clock: Elapsed) {}

  /**
   * The reading of a key: one that is at most `keepMs` old, or a new one that `read` makes. With
   * `anew` always a new one, which others then share.
   */
  get(key: string, keepMs: number, read: () => Promise<T>, anew = false): Promise<T> {
    const kept = this.#kept.get(key);
    if (kept?.fresh && !anew) return kept.reading.catch(() => this.get(key, keepMs, read));
    const latest = new SharedReading(read(), keepMs, this.clock);
    this.#kept.set(key, latest);
    return latest.reading;
  }
}
