/** How long to wait before the next attempt, in milliseconds; `attempt` counts from 1. */
export type Backoff = (attempt: number, random: () => number) => number;

/**
 * Exponential backoff with full jitter: uniform in [0, min(cap, base · 2^(attempt−1))], which spreads
 * a herd of retries best (Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015).
 */
export function exponential(baseMs = 1_000, capMs = 15 * 60_000): Backoff {
  return (attempt, random) => {
    const ceiling = Math.min(capMs, baseMs * 2 ** Math.min(attempt - 1, 40));
    return Math.round(random() * ceiling);
  };
}
