/** A figure over time. */
export interface Point {
  /** Seconds since the beginning. */
  at: number;
  value: number;
}

/** A straight line through points, and how sure its slope is. */
export interface Slope {
  /** Change an hour. */
  perHour: number;
  /** Half the width of the 95% interval of `perHour`; Infinity for fewer than 3 points. */
  uncertainty: number;
}

/** Ordinary least squares; the interval is 1.96 standard errors of the slope. */
export function slopeOf(points: readonly Point[]): Slope {
  const n = points.length;
  if (n < 2) return { perHour: 0, uncertainty: Infinity };
  const meanX = mean(points.map((point) => point.at));
  const meanY = mean(points.map((point) => point.value));
  let xx = 0;
  let xy = 0;
  for (const { at, value } of points) {
    xx += (at - meanX) ** 2;
    xy += (at - meanX) * (value - meanY);
  }
  if (xx === 0) return { perHour: 0, uncertainty: Infinity };
  const slope = xy / xx;
  let residual = 0;
  for (const { at, value } of points) residual += (value - meanY - slope * (at - meanX)) ** 2;
  const error = n > 2 ? Math.sqrt(residual / (n - 2) / xx) : Infinity;
  return { perHour: slope * 3_600, uncertainty: 1.96 * error * 3_600 };
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

/** The value that a share `q` of all values does not exceed (nearest rank); null of nothing. */
export function quantile(values: readonly number[], q: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? null;
}

/** A stretch of time, in seconds since the beginning. */
export interface Span {
  from: number;
  to: number;
}

/** The measurements of which no part lies in one of these spans. */
export function apart<T extends { at: number; ms: number }>(
  measured: readonly T[],
  spans: readonly Span[],
): T[] {
  return measured.filter(({ at, ms }) =>
    !spans.some(({ from, to }) => at <= to && at + ms / 1_000 >= from)
  );
}

/** What came back of what was sent. */
export interface Account {
  /** Turns that were acknowledged. */
  acknowledged: number;
  /** Of these, without an answer at the end. */
  lost: number;
  /** Answers beyond one a turn. */
  doubled: number;
}

/** Counts answers against acknowledged turns, conversation by conversation. */
export function balance(
  turns: ReadonlyMap<string, number>,
  answers: ReadonlyMap<string, number>,
): Account {
  const account: Account = { acknowledged: 0, lost: 0, doubled: 0 };
  for (const [id, sent] of turns) {
    const got = answers.get(id) ?? 0;
    account.acknowledged += sent;
    account.lost += Math.max(0, sent - got);
    account.doubled += Math.max(0, got - sent);
  }
  return account;
}
