export const DEFAULT_TTL_SECONDS = 3_600;
export const MAX_TTL_SECONDS = 86_400;

/**
 * Milliseconds that an entry lives: `seconds` (fractions allowed) clamped to `maxSeconds`, the
 * default where none or no number is given, 0 for what has already expired.
 */
export function ttlMs(
  seconds: number | undefined,
  defaultSeconds = DEFAULT_TTL_SECONDS,
  maxSeconds = MAX_TTL_SECONDS,
): number {
  const wanted = seconds === undefined || Number.isNaN(seconds) ? defaultSeconds : seconds;
  if (wanted <= 0) return 0;
  return Math.max(1, Math.round(Math.min(wanted, maxSeconds) * 1_000));
}
