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

/**
 * Slope of the straight line that fits best (least squares) through counts at equal distances: how
 * many more each is than the one before, to 2 decimals. Null for fewer than two.
 */
export function slopeOf(counts: readonly number[]): number | null {
  const n = counts.length;
  if (n < 2) return null;
  const middle = (n - 1) / 2;
  let products = 0;
  let squares = 0;
  counts.forEach((count, i) => {
    products += (i - middle) * count;
    squares += (i - middle) ** 2;
  });
  return Math.round(products / squares * 100) / 100;
}
