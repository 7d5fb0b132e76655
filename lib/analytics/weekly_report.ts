import { countOf } from "../kv/counts.ts";
import { Metric } from "./metrics.ts";
import { dateText, firstDay } from "./periods.ts";
import { periodBounds, type ReportFrame } from "./report.ts";
import { daysSoFar, type ReportTotals, sumOver } from "./report_data.ts";
import { ratio2 } from "./rounding.ts";
import { type TrendDirection, trendDirection, type TrendSlope, trendSlope } from "./trend.ts";

export interface WeeklyBody {
  report_type: "weekly";
  /** The Monday. */
  week_start: string;
  period: ReportFrame["period"];
  aggregated_stats: {
    total_conversations: number;
    total_active_users: number;
    total_new_users: number;
    /** Over every day of the week, of a running week those so far. */
    daily_average_conversations: number | null;
    days_with_data: number;
  };
  conversation_trends: {
    daily_trends: { date: string; conversations: number }[];
    trend_direction: TrendDirection;
    trend_slope: TrendSlope;
  };
  user_retention: {
    total_users: number;
    /** Active in this week and the one before. */
    returning_users: number;
    retention_rate: number | null;
    retained_of_previous_rate: number | null;
    /** Active in the week before. */
    previous_users: number;
  };
  /** Days that the report is made of. */
  daily_reports_count: number;
}

export type WeeklyReport = WeeklyBody & ReportFrame;

/** `week` as in periods.ts, `today` in days since the epoch. */
export function weeklyReport(
  week: number,
  { current, previous }: ReportTotals,
  today: number,
): WeeklyBody {
  const of = (metric: number) => countOf(current.users, metric);
  const users = of(Metric.activeUsers);
  const returning = of(Metric.retainedUsers);
  const before = previous ? countOf(previous.users, Metric.activeUsers) : 0;
  const total = sumOver(current, Metric.conversations);
  const days = daysSoFar("week", week, today).map((day, i) => ({
    date: dateText(day),
    conversations: countOf(current.days[i]!, Metric.conversations),
  }));
  const counts = days.map((day) => day.conversations);
  return {
    report_type: "weekly",
    week_start: dateText(firstDay("week", week)),
    period: periodBounds("week", week),
    aggregated_stats: {
      total_conversations: total,
      total_active_users: users,
      total_new_users: of(Metric.newUsers),
      daily_average_conversations: ratio2(counts.reduce((a, b) => a + b, 0), days.length),
      days_with_data: counts.filter((n) => n > 0).length,
    },
    conversation_trends: {
      daily_trends: days,
      trend_direction: trendDirection(counts),
      trend_slope: trendSlope(counts),
    },
    user_retention: {
      total_users: users,
      returning_users: returning,
      retention_rate: ratio2(returning, users, 100),
      retained_of_previous_rate: ratio2(returning, before, 100),
      previous_users: before,
    },
    daily_reports_count: days.length,
  };
}
