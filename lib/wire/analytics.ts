import type { Day, Instant } from "./envelope.ts";

export type ReportType = "daily" | "weekly" | "monthly";

export interface Period {
  start: Instant;
  end: Instant;
}

interface ReportFrame {
  period: Period;
  generated_at: Instant;
  data_as_of: Instant;
  /** The period still runs. */
  partial: boolean;
  /** Counts up when late or imported data rebuilt it. */
  revision: number;
}

export interface BotStatistic {
  bot_id: string;
  bot_name: string;
  conversation_count: number;
  /** 1–5; null where nobody scored. */
  average_satisfaction: number | null;
}

/** `analytics` of GET /analytics/daily. */
export interface DailyReport extends ReportFrame {
  report_type: "daily";
  date: Day;
  conversation_analytics: {
    total_conversations: number;
    status_breakdown: Record<string, number>;
    /** Messages of both roles per conversation. */
    average_conversation_length: number | null;
  };
  user_engagement: {
    active_users: number;
    new_users: number;
    average_messages_per_user: number | null;
  };
  bot_performance: { bot_statistics: BotStatistic[]; total_bots_used: number };
  system_performance: {
    average_cpu_usage: number | null;
    average_memory_usage: number | null;
    health_reports_count: number;
  };
}

export type TrendDirection = "increasing" | "decreasing" | "stable" | "insufficient_data";

/** `analytics` of GET /analytics/weekly. */
export interface WeeklyReport extends ReportFrame {
  report_type: "weekly";
  week_start: Day;
  aggregated_stats: {
    total_conversations: number;
    total_active_users: number;
    total_new_users: number;
    daily_average_conversations: number | null;
    days_with_data: number;
  };
  conversation_trends: {
    daily_trends: { date: Day; conversations: number }[];
    trend_direction: TrendDirection;
  };
  user_retention: {
    total_users: number;
    returning_users: number;
    /** Percent; null over nothing. */
    retention_rate: number | null;
    retained_of_previous_rate?: number | null;
  };
  daily_reports_count: number;
}

/** `analytics` of GET /analytics/monthly. */
export interface MonthlyReport extends ReportFrame {
  report_type: "monthly";
  /** "2026-02". */
  month: string;
  monthly_overview: {
    total_conversations: number;
    active_users: number;
    new_users: number;
    conversations_per_user: number | null;
  };
  growth_metrics: {
    /** Percent; null where the period before had none. */
    conversation_growth_rate: number | null;
    user_growth_rate: number | null;
    current_period: { conversations: number; users: number };
    previous_period: { conversations: number; users: number };
  };
  top_performers: {
    top_bots: BotStatistic[];
    most_active_users: { user_id: string; conversation_count: number }[];
  };
}

export type Report = DailyReport | WeeklyReport | MonthlyReport;
