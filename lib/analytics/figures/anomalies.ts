import { countNoise, judge, type Noise, percentileNoise, rateNoise } from "../anomaly.ts";
import { round2 } from "../rounding.ts";
import { addDays } from "./calendar.ts";
import type { MetricName } from "./catalogue.ts";
import { daysOf, type FigureSources, openRange, type RangeRow } from "./range.ts";

export interface AnomaliesQuery {
  /** Local days, both included; by default the last 30 up to today. */
  from?: string;
  to?: string;
  zone: string;
  botId?: string;
}

/** A figure of a day that is far from that of the same weekday in the weeks before. */
export interface Anomaly {
  date: string;
  metric: WatchedMetric;
  value: number;
  /** Median of the same weekdays. */
  expected: number;
  low: number;
  high: number;
  /** Deviations from what was expected; below 0 for less. */
  score: number;
  /** Same weekdays looked at. */
  n: number;
}

export interface Anomalies {
  from: string;
  to: string;
  /** Figures of days that there were enough weeks before to judge. */
  judged: number;
  anomalies: Anomaly[];
}

/** Weeks before that a day is compared with. */
const WEEKS = 8;
const MAX_DAYS = 400;

/** What is watched: the figure, what it is a share of, and what it can be at most. */
const WATCHED = {
  conversations: { figure: "value", noise: countNoise, most: Infinity },
  answer_rate: { figure: "value", noise: rateNoise, most: 100 },
  error_rate: { figure: "value", noise: rateNoise, most: 100 },
  turn_ms: { figure: "p90", noise: percentileNoise, most: Infinity },
} satisfies Partial<Record<MetricName, { figure: string; noise: Noise; most: number }>>;
export type WatchedMetric = keyof typeof WATCHED;
const METRICS = Object.keys(WATCHED) as WatchedMetric[];

/**
 * The days that are over of a range of local days with figures out of the ordinary; see `judge`.
 * Days before the first conversation of the weeks looked at are no observations.
 */
export async function anomalies(
  sources: FigureSources,
  { zone, botId, ...days }: AnomaliesQuery,
): Promise<Anomalies> {
  const { from, to } = daysOf({ ...days, zone }, sources.clock.now(), MAX_DAYS);
  const range = await openRange(sources, {
    from: addDays(from, -7 * WEEKS),
    to,
    granularity: "day",
    zone,
    botId,
    metrics: METRICS,
  });
  const known = new Map<string, RangeRow["figures"]>();
  const found: Anomalies = { from, to, judged: 0, anomalies: [] };
  for await (const { local_start, partial, figures } of range.rows) {
    const date = local_start.slice(0, 10);
    if (partial || known.size === 0 && !figures.conversations!.value) continue;
    known.set(date, figures);
    if (date < from) continue;
    for (const metric of METRICS) {
      const { figure, noise, most } = WATCHED[metric];
      const observed = (of: RangeRow["figures"] | undefined) => of?.[metric]?.[figure] ?? null;
      const value = observed(figures);
      if (value === null) continue;
      const earlier = Array.from(
        { length: WEEKS },
        (_, i) => observed(known.get(addDays(date, -7 * (i + 1)))),
      ).filter((of) => of !== null);
      const judged = judge({ value, n: figures[metric]!.n ?? 0 }, earlier, noise);
      if (!judged) continue;
      found.judged++;
      if (!judged.anomalous) continue;
      const { expected, low, high, score, n } = judged;
      found.anomalies.push({
        date,
        metric,
        value,
        expected: round2(expected),
        low: round2(Math.max(0, low)),
        high: round2(Math.min(most, high)),
        score: round2(score),
        n,
      });
    }
  }
  return found;
}
