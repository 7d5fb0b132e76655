export type TrendDirection = "increasing" | "decreasing" | "stable" | "insufficient_data";

/**
 * Compares the mean of the later days with that of the first ⌊n/2⌋ days: above +5 % increasing,
 * below −5 % decreasing, else stable. Fewer than two days are not enough; after a first half
 * without anything, anything is an increase. In integers, so that exactly 5 % is stable.
 */
export function trendDirection(days: readonly number[]): TrendDirection {
  if (days.length < 2) return "insufficient_data";
  const half = Math.floor(days.length / 2);
  const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);
  const first = sum(days.slice(0, half));
  const later = sum(days.slice(half));
  if (first === 0) return later > 0 ? "increasing" : "stable";
  // later ÷ (n − half) against first ÷ half, both multiplied out.
  const now = later * half * 100;
  const before = first * (days.length - half);
  if (now > before * 105) return "increasing";
  return now < before * 95 ? "decreasing" : "stable";
}
