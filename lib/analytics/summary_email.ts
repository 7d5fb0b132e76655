import type { DailyReport } from "./daily_report.ts";
import { barChart, type Fact, facts, page } from "./summary_html.ts";
import type { TrendDirection } from "./trend.ts";
import type { WeeklyReport } from "./weekly_report.ts";

export interface SummaryEmail {
  subject: string;
  html: string;
  text: string;
}

const TREND: Record<TrendDirection, string> = {
  increasing: "rising",
  decreasing: "falling",
  stable: "steady",
  insufficient_data: "too few days to tell",
};

const NUMBERS = new Intl.NumberFormat("en");
const number = (value: number | null, unit = ""): string =>
  value === null ? "no data" : NUMBERS.format(value) + unit;

/** Rows of the chart of bots. */
const MAX_BOTS = 10;

/** A daily or weekly report as an e-mail: HTML without anything to load, and the same as text. */
export function summaryEmail(report: DailyReport | WeeklyReport): SummaryEmail {
  return report.report_type === "daily" ? dailyEmail(report) : weeklyEmail(report);
}

function dailyEmail(report: DailyReport): SummaryEmail {
  const { conversation_analytics: conversations, user_engagement: users } = report;
  const { bot_statistics: bots } = report.bot_performance;
  const { status_breakdown: status } = conversations;
  const total = conversations.total_conversations;
  const rows: Fact[] = [
    ["Conversations", number(total)],
    ["Completed", number(status.completed)],
    ["Failed", number(status.failed)],
    ["Not answered yet", number(status.pending + status.processing)],
    ["Messages per conversation", number(conversations.average_conversation_length)],
    ["Active users", `${number(users.active_users)}, ${number(users.new_users)} of them new`],
    ["CPU", number(report.system_performance.average_cpu_usage, "%")],
    ["Memory", number(report.system_performance.average_memory_usage, "%")],
  ];
  const shown = bots.slice(0, MAX_BOTS).map((bot) => ({
    label: bot.bot_name,
    value: bot.conversation_count,
    note: bot.average_satisfaction === null ? "" : `satisfaction ${bot.average_satisfaction}`,
  }));
  const title = `${report.date}: ${counted(total, "conversation")}`;
  return {
    subject: `Daily summary ${title}${soFar(report)}`,
    ...page(title, [facts(rows), barChart("Conversations by bot", shown)], madeAt(report)),
  };
}

function weeklyEmail(report: WeeklyReport): SummaryEmail {
  const { aggregated_stats: stats, conversation_trends: trends, user_retention: users } = report;
  const { value, percent } = trends.trend_slope;
  const slope = value === null
    ? ""
    : ` (${signed(value)} a day${percent === null ? "" : `, ${signed(percent)}%`})`;
  const rows: Fact[] = [
    ["Conversations", number(stats.total_conversations)],
    ["A day, on average", number(stats.daily_average_conversations)],
    ["Trend", TREND[trends.trend_direction] + slope],
    ["Active users", `${number(users.total_users)}, ${number(stats.total_new_users)} of them new`],
    ["Also active the week before", number(users.retention_rate, "%")],
    ["Of the week before's users, back", number(users.retained_of_previous_rate, "%")],
  ];
  const days = trends.daily_trends.map(({ date, conversations }) => ({
    label: `${WEEKDAYS[new Date(`${date}T00:00:00Z`).getUTCDay()]} ${date}`,
    value: conversations,
    note: "",
  }));
  const title = `week of ${report.week_start}: ${
    counted(stats.total_conversations, "conversation")
  }`;
  return {
    subject: `Weekly report ${title}${soFar(report)}`,
    ...page(title, [facts(rows), barChart("Conversations by day", days)], madeAt(report)),
  };
}

const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const counted = (n: number, what: string) => `${number(n)} ${what}${n === 1 ? "" : "s"}`;
const signed = (value: number) => (value > 0 ? "+" : "") + number(value);
const soFar = ({ partial }: { partial: boolean }) => partial ? " so far" : "";
const madeAt = (report: { data_as_of: string; revision: number }) =>
  `Everything counted by ${report.data_as_of}, UTC days; revision ${report.revision}.`;
