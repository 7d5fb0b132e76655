import { z } from "@hono/zod-openapi";
import { success } from "./envelope.ts";
import { Count, Day, Instant, Percent } from "./text.ts";

/** A mean, rate or growth; null where nothing was observed. */
const Rate = z.number().nullable();

export const REPORT_TYPES = ["daily", "weekly", "monthly"] as const;
export type ReportType = (typeof REPORT_TYPES)[number];

export const ReportQuery = z.object({ date: Day.optional() });

const report = {
  period: z.object({ start: z.string(), end: z.string() }),
  generated_at: Instant,
  data_as_of: Instant,
  partial: z.boolean(),
  revision: Count,
};

const BotRow = z.object({
  bot_id: z.string(),
  bot_name: z.string(),
  conversation_count: Count,
  average_satisfaction: Rate,
  scores: Count.optional(),
});

const Direction = z.enum(["increasing", "decreasing", "stable", "insufficient_data"]);

/** Least squares: how many more each period has than the one before, and that in % of the mean. */
export const TrendSlope = z.object({ value: Rate, percent: Rate, n: Count }).openapi("TrendSlope");

export const DailyReport = z.object({
  report_type: z.literal("daily"),
  date: z.string(),
  ...report,
  conversation_analytics: z.object({
    total_conversations: Count,
    status_breakdown: z.record(z.string(), Count),
    average_conversation_length: Rate,
  }),
  user_engagement: z.object({
    active_users: Count,
    new_users: Count,
    average_messages_per_user: Rate,
  }),
  bot_performance: z.object({ bot_statistics: z.array(BotRow), total_bots_used: Count }),
  system_performance: z.object({
    average_cpu_usage: Rate,
    average_memory_usage: Rate,
    health_reports_count: Count,
  }),
}).openapi("DailyReport");
export type DailyReport = z.infer<typeof DailyReport>;

export const WeeklyReport = z.object({
  report_type: z.literal("weekly"),
  week_start: z.string(),
  ...report,
  aggregated_stats: z.object({
    total_conversations: Count,
    total_active_users: Count,
    total_new_users: Count,
    daily_average_conversations: Rate,
    days_with_data: Count,
  }),
  conversation_trends: z.object({
    daily_trends: z.array(z.object({ date: z.string(), conversations: Count })),
    trend_direction: Direction,
    trend_slope: TrendSlope.optional(),
  }),
  user_retention: z.object({
    total_users: Count,
    returning_users: Count,
    retention_rate: Percent.nullable(),
    retained_of_previous_rate: Percent.nullable(),
    previous_users: Count.optional(),
  }),
  daily_reports_count: Count,
}).openapi("WeeklyReport");
export type WeeklyReport = z.infer<typeof WeeklyReport>;

const Volume = z.object({ conversations: Count, users: Count });

export const MonthlyReport = z.object({
  report_type: z.literal("monthly"),
  month: z.string(),
  ...report,
  monthly_overview: z.object({
    total_conversations: Count,
    active_users: Count,
    new_users: Count,
    conversations_per_user: Rate,
  }),
  growth_metrics: z.object({
    conversation_growth_rate: Rate,
    user_growth_rate: Rate,
    current_period: Volume,
    previous_period: Volume,
    /** `equal_elapsed`: the month runs, and the one before is cut after the same time. */
    basis: z.enum(["whole", "equal_elapsed"]).optional(),
    previous_end: z.string().optional(),
  }),
  top_performers: z.object({
    top_bots: z.array(BotRow),
    most_active_users: z.array(
      z.object({ user_id: z.string(), conversation_count: Count }),
    ),
  }),
  long_term_trends: z.object({
    months: z.array(z.object({
      month: z.string(),
      partial: z.boolean(),
      conversations: Count,
      active_users: Count,
      new_users: Count,
      average_satisfaction: Rate,
      scores: Count,
    })),
    conversation_trend: Direction,
    conversation_slope: TrendSlope,
    user_trend: Direction,
    user_slope: TrendSlope,
  }).optional(),
}).openapi("MonthlyReport");
export type MonthlyReport = z.infer<typeof MonthlyReport>;

export const DailyAnswer = success({ analytics: DailyReport });
export const WeeklyAnswer = success({ analytics: WeeklyReport });
export const MonthlyAnswer = success({ analytics: MonthlyReport });

const MAX_RANGE_DAYS = 400;

const DateRange = z.object({ start_date: Day, end_date: Day }).refine(
  (range) => range.start_date <= range.end_date,
  { error: "start_date must not lie after end_date" },
).refine(
  (range) =>
    Date.parse(range.end_date) - Date.parse(range.start_date) <= MAX_RANGE_DAYS * 86_400_000,
  { error: `must span at most ${MAX_RANGE_DAYS} days` },
);
export const NewReport = z.object({ report_type: z.enum(REPORT_TYPES), date_range: DateRange })
  .openapi("NewReport", {
    example: {
      report_type: "daily",
      date_range: { start_date: "2026-01-25", end_date: "2026-01-31" },
    },
  });
export const ReportQueued = success({
  task_id: z.string(),
  report_type: z.enum(REPORT_TYPES),
  date_range: z.object({ start_date: z.string(), end_date: z.string() }),
});
