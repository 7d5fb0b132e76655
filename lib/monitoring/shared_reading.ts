import { type Clock, systemClock } from "../clock.ts";

/**
 * A reading that everybody shares: computed once, however many ask at the same time, and kept for
 * `keepMs`. A reading that fails is not kept; all who waited for it get its error.
 */
export function sharedReading<T>(
  read: () => Promise<T>,
  keepMs: number,
  clock: Clock = systemClock,
): () => Promise<T> {
  let latest: { reading: Promise<T>; until: number } | null = null;
  return () => {
    if (latest && clock.elapsed() < latest.until) return latest.reading;
    const reading = read();
    // Not to be replaced before it is there: a slow reading must not be begun again and again.
    const entry = latest = { reading, until: Infinity };
    reading.then(
      () => entry.until = clock.elapsed() + keepMs,
      () => latest === entry && (latest = null),
    );
    return reading;
  };
}
