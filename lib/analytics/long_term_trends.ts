import { countOf } from "../kv/counts.ts";
import { Metric } from "./metrics.ts";
import { dateText, firstDay, periodOf } from "./periods.ts";
import { meanScore } from "./rounding.ts";
import { type TrendDirection, trendDirection, type TrendSlope, trendSlope } from "./trend.ts";
import type { MonthTotals } from "./year_data.ts";

/** Up to 12 months, from the first that has anything to the report's own. */
export interface LongTermTrends {
  months: {
    /** "YYYY-MM". */
    month: string;
    partial: boolean;
    conversations: number;
    active_users: number;
    new_users: number;
    average_satisfaction: number | null;
    /** Scores that the mean is over. */
    scores: number;
  }[];
  /** Over the months that are over. */
  conversation_trend: TrendDirection;
  conversation_slope: TrendSlope;
  user_trend: TrendDirection;
  user_slope: TrendSlope;
}

/** `year`: the months that end with `month`, oldest first; `today` in days since the epoch. */
export function longTermTrends(
  month: number,
  year: readonly MonthTotals[],
  today: number,
): LongTermTrends {
  const months = year.map(({ conversations, scores, scoreSum, users }, i) => {
    const n = month + 1 - year.length + i;
    return {
      month: dateText(firstDay("month", n)).slice(0, 7),
      partial: periodOf("month", today) <= n,
      conversations,
      active_users: countOf(users, Metric.activeUsers),
      new_users: countOf(users, Metric.newUsers),
      average_satisfaction: meanScore(scoreSum, scores),
      scores,
    };
  });
  const first = months.findIndex(({ conversations }) => conversations > 0);
  const shown = first < 0 ? [] : months.slice(first);
  const over = shown.filter(({ partial }) => !partial);
  const conversations = over.map((of) => of.conversations);
  const users = over.map((of) => of.active_users);
  return {
    months: shown,
    conversation_trend: trendDirection(conversations),
    conversation_slope: trendSlope(conversations),
    user_trend: trendDirection(users),
    user_slope: trendSlope(users),
  };
}
