/** Hand-written figures of the last days, as the API would count them. */
import type {
  Anomalies,
  BusiestHours,
  Comparison,
  RangeReport,
  Retention,
} from "../../lib/wire/figures.ts";

const DAY_MS = 86_400_000;
const day = (at: number) => new Date(at).toISOString().slice(0, 10);

/** Every day has 100 conversations more than the one before; the last one still runs. */
export function range(from: string, to: string, tz: string, botId?: string): RangeReport {
  const rows: RangeReport["rows"] = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += DAY_MS) {
    const n = rows.length;
    rows.push({
      start: new Date(at).toISOString(),
      end: new Date(at + DAY_MS).toISOString(),
      local_start: `${day(at)}T00:00:00`,
      partial: day(at) === to,
      figures: {
        conversations: { value: 1_000 + n * 100 },
        answer_rate: { value: n === 2 ? null : 88 + n % 5, n: n === 2 ? 0 : 1_900 },
        turn_ms: { mean: 300, p50: 240, p90: n === 2 ? null : 800 + n * 40, p99: 2_100, n: 1_900 },
      },
    });
  }
  return {
    from,
    to,
    tz,
    granularity: "day",
    metrics: ["conversations", "answer_rate", "turn_ms"],
    rows,
    totals: {
      conversations: { value: 9_100 },
      answer_rate: { value: 91.4, n: 13_300 },
      success_rate: { value: 100, n: 7 },
      turn_ms: { mean: 300, p50: 240, p90: 920, p99: 2_100, n: 13_300 },
      csat: { value: 80, n: 400, mean: 4.21, response_rate: 4.4, response_n: 9_100 },
      containment_rate: { value: 84.5, n: 9_050 },
      handoff_rate: { value: 6.1, n: 9_050 },
      abandon_rate: { value: 3.2, n: 9_050 },
      cache: { hit_rate: 73.4, n: 12_540, saved_ms: 5_400_000, saved_tokens: 0, saved_cost: 0 },
      ...(botId ? {} : {
        active_users: { value: 3_108 },
        new_users: { value: 410, n: 3_108 },
        contained_24h_rate: { value: 71.2, n: 8_900 },
        lifecycle: {
          new: 410,
          returning: 1_900,
          resurrecting: 798,
          n: 3_108,
          dormant: 240,
          dormant_n: 2_140,
        },
      }),
    },
    trend: { direction: "increasing", slope: { value: 100, percent: 7.7, n: rows.length } },
  };
}

export const comparison: Comparison = {
  current: { start: "2026-03-04T00:00:00Z", end: "2026-03-10T12:00:00Z", figures: {} },
  previous: {
    start: "2026-02-25T00:00:00Z",
    end: "2026-03-03T12:00:00Z",
    figures: {
      conversations: { value: 8_096 },
      active_users: { value: 2_990 },
      answer_rate: { value: 90.2, n: 12_100 },
      success_rate: { value: null, n: 0 },
      turn_ms: { p50: 260 },
      csat: { mean: 4.1 },
    },
  },
  basis: "equal_elapsed",
  growth: { conversations: { value: 12.4 } },
};

export const busiest: BusiestHours = {
  from: "2026-03-04",
  to: "2026-03-10",
  hours: Array.from({ length: 168 }, (_, at) => {
    const [weekday, hour] = [Math.floor(at / 24) + 1, at % 24];
    const much = Math.max(0, 60 - Math.abs(14 - hour) * 6 - (weekday > 5 ? 30 : 0));
    const seen = !(weekday === 7 && hour < 6);
    return {
      weekday,
      hour,
      conversations: seen ? much : 0,
      turns: much * 2,
      n: seen ? 1 : 0,
      conversations_per_hour: seen ? much : null,
    };
  }),
};

export const anomalies: Anomalies = {
  from: "2026-03-04",
  to: "2026-03-10",
  judged: 18,
  anomalies: [{
    date: "2026-03-06",
    metric: "conversations",
    value: 1_200,
    expected: 900,
    low: 780,
    high: 1_020,
    score: 8.75,
    n: 8,
  }],
};

export const retention: Retention = {
  from: "2026-01-13",
  to: "2026-03-10",
  cohorts: Array.from({ length: 8 }, (_, week) => ({
    start: day(Date.parse("2026-01-12") + week * 7 * DAY_MS),
    users: 120 - week * 4,
    d1: { value: 41.5 - week, users: 40, n: 120 },
    d7: { value: week > 6 ? null : 28.1, users: 30, n: 120 },
    d30: { value: week > 3 ? null : 12.2, users: 14, n: 120 },
  })),
};
