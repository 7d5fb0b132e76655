import { Metric } from "./metrics.ts";
import { dateText } from "./periods.ts";
import { type BotRow, botRows, periodBounds, type ReportFrame } from "./report.ts";
import { type BotCounts, type ReportTotals, sumOver } from "./report_data.ts";
import { ratio2, round2 } from "./rounding.ts";

/** Mean CPU and memory use in percent over the health reports of a span of time. */
export interface SystemAverage {
  cpu: number | null;
  memory: number | null;
  reports: number;
}

export interface DailyBody {
  report_type: "daily";
  date: string;
  period: ReportFrame["period"];
  conversation_analytics: {
    total_conversations: number;
    /** `pending` includes those being answered at this moment: rollups see commits only. */
    status_breakdown: { pending: number; processing: number; completed: number; failed: number };
    average_conversation_length: number | null;
  };
  user_engagement: {
    active_users: number;
    new_users: number;
    average_messages_per_user: number | null;
  };
  bot_performance: { bot_statistics: BotRow[]; total_bots_used: number };
  system_performance: {
    average_cpu_usage: number | null;
    average_memory_usage: number | null;
    health_reports_count: number;
  };
}

export type DailyReport = DailyBody & ReportFrame;

/** `day` in days since the epoch. */
export function dailyReport(
  day: number,
  { current }: ReportTotals,
  bots: readonly BotCounts[],
  system: SystemAverage,
): DailyBody {
  const of = (metric: number) => sumOver(current, metric);
  const total = of(Metric.conversations);
  const completed = of(Metric.completed);
  const failed = of(Metric.failed);
  const activeUsers = of(Metric.activeUsers);
  const rows = botRows(bots);
  return {
    report_type: "daily",
    date: dateText(day),
    period: periodBounds("day", day),
    conversation_analytics: {
      total_conversations: total,
      status_breakdown: { pending: total - completed - failed, processing: 0, completed, failed },
      average_conversation_length: ratio2(of(Metric.messages), total),
    },
    user_engagement: {
      active_users: activeUsers,
      new_users: of(Metric.newUsers),
      average_messages_per_user: ratio2(of(Metric.messages), activeUsers),
    },
    bot_performance: { bot_statistics: rows, total_bots_used: rows.length },
    system_performance: {
      average_cpu_usage: system.cpu === null ? null : round2(system.cpu),
      average_memory_usage: system.memory === null ? null : round2(system.memory),
      health_reports_count: system.reports,
    },
  };
}
