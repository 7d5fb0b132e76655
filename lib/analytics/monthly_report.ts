import { countOf } from "../kv/counts.ts";
import { Metric } from "./metrics.ts";
import { dateText, firstDay } from "./periods.ts";
import { type BotRow, botRows, periodBounds, type ReportFrame } from "./report.ts";
import type { MonthData } from "./report_data.ts";
import { ratio2 } from "./rounding.ts";
import { TOP_ROWS } from "./top_users.ts";

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
  };
  top_performers: {
    top_bots: BotRow[];
    most_active_users: { user_id: string; conversation_count: number }[];
  };
}

export type MonthlyReport = MonthlyBody & ReportFrame;

export function monthlyReport(data: MonthData): MonthlyBody {
  const of = (metric: number) => countOf(data.totals, metric);
  const now = { conversations: of(Metric.conversations), users: of(Metric.activeUsers) };
  const before = {
    conversations: countOf(data.previous, Metric.conversations),
    users: countOf(data.previous, Metric.activeUsers),
  };
  const growth = (a: number, b: number) => ratio2(a - b, b, 100);
  return {
    report_type: "monthly",
    month: dateText(firstDay("month", data.month)).slice(0, 7),
    period: periodBounds("month", data.month),
    monthly_overview: {
      total_conversations: now.conversations,
      active_users: now.users,
      new_users: of(Metric.newUsers),
      conversations_per_user: ratio2(now.conversations, now.users),
    },
    growth_metrics: {
      conversation_growth_rate: growth(now.conversations, before.conversations),
      user_growth_rate: growth(now.users, before.users),
      current_period: now,
      previous_period: before,
    },
    top_performers: {
      top_bots: botRows(data.bots).slice(0, TOP_ROWS),
      most_active_users: data.topUsers.map((user) => ({
        user_id: user.userId,
        conversation_count: user.conversations,
      })),
    },
  };
}
