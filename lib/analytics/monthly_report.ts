import { countOf } from "../kv/counts.ts";
import { Metric } from "./metrics.ts";
import { dateText, firstDay, QUARTER_MS, quarterOf, QUARTERS_A_DAY } from "./periods.ts";
import { type BotRow, botRows, periodBounds, type ReportFrame } from "./report.ts";
import { ratio2 } from "./rounding.ts";
import { type LongTermTrends, longTermTrends } from "./long_term_trends.ts";
import { TOP_ROWS, type UserCount } from "./top_users.ts";
import type { MonthTotals, YearTotals } from "./year_data.ts";

export interface MonthlyBody {
  report_type: "monthly";
  /** "YYYY-MM". */
  month: string;
  period: ReportFrame["period"];
  monthly_overview: {
    total_conversations: number;
    active_users: number;
    new_users: number;
    conversations_per_user: number | null;
  };
  growth_metrics: {
    /** Percent; null after a month without any. */
    conversation_growth_rate: number | null;
    user_growth_rate: number | null;
    current_period: { conversations: number; users: number };
    previous_period: { conversations: number; users: number };
    /**
     * `whole`: both months from end to end. `equal_elapsed`: this one still runs, so the one before
     * is cut after the same time, to the quarter hour.
     */
    basis: "whole" | "equal_elapsed";
    /** The first instant that the previous period does not hold. */
    previous_end: string;
  };
  top_performers: {
    top_bots: BotRow[];
    most_active_users: { user_id: string; conversation_count: number }[];
  };
  long_term_trends: LongTermTrends;
}

export type MonthlyReport = MonthlyBody & ReportFrame;

/** What of the month before has taken as long as the running month so far. */
export interface Elapsed {
  /** First quarter hour since the epoch that it does not hold. */
  end: number;
  conversations: number;
  /** Distinct users who started conversations in it. */
  users: number;
}

/** The part of the month before that a month which runs at `now` (ms) is compared with. */
export function elapsedBefore(month: number, now: number): { from: number; to: number } {
  const start = (n: number) => firstDay("month", n) * QUARTERS_A_DAY;
  const quarters = Math.max(0, quarterOf(now) + 1 - start(month));
  const from = start(month - 1);
  return { from, to: Math.min(from + quarters, start(month)) };
}

/**
 * `month` as in periods.ts, `today` in days since the epoch; `elapsed` where the month still runs.
 */
export function monthlyReport(
  month: number,
  { months, bots }: YearTotals,
  today: number,
  topUsers: readonly UserCount[],
  elapsed: Elapsed | null = null,
): MonthlyBody {
  const [previous, current] = months.slice(-2) as [MonthTotals, MonthTotals];
  const counts = ({ conversations, users }: MonthTotals) => ({
    conversations,
    users: countOf(users, Metric.activeUsers),
  });
  const now = counts(current);
  const end = elapsed?.end ?? firstDay("month", month) * QUARTERS_A_DAY;
  const before = elapsed === null
    ? counts(previous)
    : { conversations: elapsed.conversations, users: elapsed.users };
  const growth = (a: number, b: number) => ratio2(a - b, b, 100);
  return {
    report_type: "monthly",
    month: dateText(firstDay("month", month)).slice(0, 7),
    period: periodBounds("month", month),
    monthly_overview: {
      total_conversations: now.conversations,
      active_users: now.users,
      new_users: countOf(current.users, Metric.newUsers),
      conversations_per_user: ratio2(now.conversations, now.users),
    },
    growth_metrics: {
      conversation_growth_rate: growth(now.conversations, before.conversations),
      user_growth_rate: growth(now.users, before.users),
      current_period: now,
      previous_period: before,
      basis: elapsed === null ? "whole" : "equal_elapsed",
      previous_end: new Date(end * QUARTER_MS).toISOString(),
    },
    top_performers: {
      top_bots: botRows(bots).slice(0, TOP_ROWS),
      most_active_users: topUsers.map((user) => ({
        user_id: user.userId,
        conversation_count: user.conversations,
      })),
    },
    long_term_trends: longTermTrends(month, months, today),
  };
}
