/** Whether a day is out of the ordinary, judged by the same weekday of the weeks before. */

/** A day's figure; `n` is what a rate is a share of. */
export interface Observation {
  value: number;
  n: number;
}

/** How far figures of a kind vary by chance alone, at least, around what is expected. */
export type Noise = (expected: number, n: number) => number;

/** Counts of independent events vary by the root of their mean (Poisson). */
export const countNoise: Noise = (expected) => Math.sqrt(Math.max(1, expected));

/** Shares of n in percent vary as drawing n times does; one hit and one miss more keep it above 0. */
export const rateNoise: Noise = (expected, n) => {
  const p = (expected / 100 * n + 1) / (n + 2);
  return 100 * Math.sqrt(p * (1 - p) / Math.max(1, n));
};

/** Percentiles of a histogram are known to within a bucket, 5%. */
export const percentileNoise: Noise = (expected) => 0.05 * expected;

/** Days of the same weekday that a judgement needs. */
export const FEWEST_DAYS = 4;
/** Beyond so many deviations a day is an anomaly. */
export const THRESHOLD = 3.5;
/** Makes a median absolute deviation comparable with a standard deviation. */
const MAD_SCALE = 1.4826;

export interface Judgement {
  anomalous: boolean;
  expected: number;
  /** What would still have been ordinary; not yet cut to what the figure can be. */
  low: number;
  high: number;
  /** Deviations from what was expected; below 0 for less. */
  score: number;
  /** Days that the judgement rests on. */
  n: number;
}

/**
 * Judges a day by the median of earlier ones and their median absolute deviation, which a few odd
 * days among them do not move: the modified z-score of Iglewicz and Hoaglin, beyond 3.5. Null when
 * there are too few earlier days.
 */
export function judge(
  day: Observation,
  earlier: readonly number[],
  noise: Noise,
): Judgement | null {
  if (earlier.length < FEWEST_DAYS) return null;
  const expected = median(earlier);
  const deviation = MAD_SCALE * median(earlier.map((value) => Math.abs(value - expected)));
  const spread = Math.max(deviation, noise(expected, day.n), Number.MIN_VALUE);
  const score = (day.value - expected) / spread;
  return {
    anomalous: Math.abs(score) > THRESHOLD,
    expected,
    low: expected - THRESHOLD * spread,
    high: expected + THRESHOLD * spread,
    score,
    n: earlier.length,
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
