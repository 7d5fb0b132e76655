import { ratio2 } from "./rounding.ts";

export type TrendDirection = "increasing" | "decreasing" | "stable" | "insufficient_data";

/**
 * Compares the mean of the later days with that of the first ⌊n/2⌋ days: above +5% increasing,
 * below −5% decreasing, else stable. Fewer than two days are not enough; after a first half
 * without anything, anything is an increase. In integers, so that exactly 5% is stable.
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

/** How steeply counts rise or fall. */
export interface TrendSlope {
  /** How many more each is than the one before; null for fewer than two. */
  value: number | null;
  /** The same in percent of the mean; null where the mean is 0. */
  percent: number | null;
  /** Counts looked at. */
  n: number;
}

/**
 * Slope of the straight line that fits best (least squares) through counts at equal distances, to
 * 2 decimals.
 */
export function trendSlope(counts: readonly number[]): TrendSlope {
  const n = counts.length;
  if (n < 2) return { value: null, percent: null, n };
  // Distances from the middle are taken twice, so that all sums are whole and ties are seen as ties.
  let products = 0;
  let squares = 0;
  let total = 0;
  counts.forEach((count, i) => {
    const distance = 2 * i - (n - 1);
    products += distance * count;
    squares += distance ** 2;
    total += count;
  });
  const value = ratio2(2 * products, squares);
  return { value, percent: ratio2(2 * products * n, squares * total, 100), n };
}
