/** Reports as the API answers them; types only, so that no schema reaches the browser. */
import type * as schema from "./schemas/analytics.ts";

export type ReportType = schema.ReportType;
/** `analytics` of GET /analytics/daily. */
export type DailyReport = schema.DailyReport;
/** `analytics` of GET /analytics/weekly. */
export type WeeklyReport = schema.WeeklyReport;
/** `analytics` of GET /analytics/monthly. */
export type MonthlyReport = schema.MonthlyReport;
export type BotStatistic = DailyReport["bot_performance"]["bot_statistics"][number];
export type TrendDirection = WeeklyReport["conversation_trends"]["trend_direction"];

/** A question, with others like it, that a bot could not answer. */
export interface Unanswered {
  question: string;
  bot_id: string;
  /** How often it was asked, in whatever words. */
  count: number;
}
