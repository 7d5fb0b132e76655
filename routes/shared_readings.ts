import { LRUCache } from "lru-cache";
import type { Clock } from "../lib/clock.ts";

const MAX_KEPT = 300;

interface Kept<T> {
  reading: Promise<T>;
  /** By `clock.elapsed()`; it is shared before. */
  until: number;
}

/**
 * What several visitors ask for at about the same time, read once: by key, for a while that the
 * asker names. What fails is told to the one who read it; all who waited for it read themselves, as
 * it may have failed for a reason of that one.
 */
export class SharedReadings<T> {
  readonly #kept = new LRUCache<string, Kept<T>>({ max: MAX_KEPT });

  constructor(private readonly clock: Pick<Clock, "elapsed">) {}

  /**
   * The reading of a key: one that is at most `keepMs` old, or a new one that `read` makes. With
   * `anew` always a new one, which others then share.
   */
  get(key: string, keepMs: number, read: () => Promise<T>, anew = false): Promise<T> {
    const kept = this.#kept.get(key);
    if (kept && !anew && this.clock.elapsed() < kept.until) {
      return kept.reading.catch(() => this.get(key, keepMs, read));
    }
    const reading = read();
    // Not to be replaced before it is there: a slow reading must not be begun again and again.
    const entry: Kept<T> = { reading, until: Infinity };
    this.#kept.set(key, entry);
    reading.then(
      () => entry.until = this.clock.elapsed() + keepMs,
      () => this.#kept.get(key) === entry && this.#kept.delete(key),
    );
    return reading;
  }

  /** Shares nothing that was read before. */
  clear(): void {
    this.#kept.clear();
  }
}
