/** Rounding for output. Exact on integers, ties away from zero. */

/** numerator ÷ denominator × factor to 2 decimals; null when the denominator is 0. All integers. */
export function ratio2(numerator: number, denominator: number, factor = 1): number | null {
  if (denominator === 0) return null;
  const n = BigInt(numerator) * BigInt(factor) * 100n;
  const d = BigInt(denominator);
  const negative = (n < 0n) !== (d < 0n) && n !== 0n;
  const [a, b] = [n < 0n ? -n : n, d < 0n ? -d : d];
  const hundredths = Number((2n * a + b) / (2n * b));
  return negative && hundredths > 0 ? -hundredths / 100 : hundredths / 100;
}

/**
 * Mean of scores to 2 decimals from their sum in millionths. A millionth is added first: each
 * score's last digit was rounded, and a mean that is a tie must not fall below it for that.
 */
export const meanScore = (sumMillionths: number, scores: number): number | null =>
  ratio2(sumMillionths + scores, scores * 1_000_000);

/**
 * A measured value to 2 decimals, ties away from zero. What is a tie in decimals, such as 1.005, may
 * lie just below it in binary: the last bit that is added makes it one again.
 */
export const round2 = (value: number): number =>
  Math.sign(value) * Math.round(Math.abs(value) * (1 + Number.EPSILON) * 100) / 100 || 0;

/** Text order by code point, the order in which the database keeps ids. */
export function compareIds(a: string, b: string): number {
  if (a === b) return 0;
  const [x, y] = [[...a], [...b]];
  for (let i = 0; i < x.length && i < y.length; i++) {
    const difference = x[i]!.codePointAt(0)! - y[i]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return x.length - y.length;
}
