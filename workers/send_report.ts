import { z } from "zod";
import type { DailyReport } from "../lib/analytics/daily_report.ts";
import type { WeeklyReport } from "../lib/analytics/weekly_report.ts";
import type { Reports } from "../lib/analytics/reports.ts";
import { complete, declareJob, handleJob, type JobDefinition } from "../lib/jobs/definition.ts";
import type { Notifier } from "../lib/notifications/notifier.ts";
import { type EmailContent, renderLetter } from "../lib/notifications/template.ts";

const payload = z.object({ type: z.enum(["daily", "weekly"]), date: z.iso.date() });
export type SendReportJob = z.infer<typeof payload>;

/** Sends a report by e-mail. */
export const sendReportJob = declareJob<SendReportJob>({
  kind: "send_report",
  queue: "analytics",
  payload,
  maxAttempts: 3,
  timeoutMs: 5 * 60_000,
});

/** A report in the words of an e-mail. */
export type ReportEmail = (report: DailyReport | WeeklyReport) => EmailContent;

export interface SendReportDeps {
  reports: Pick<Reports, "daily" | "weekly">;
  notifier: Notifier;
  /** Who gets it; absent = nobody. */
  to: string | undefined;
  email?: ReportEmail;
}

/** The e-mail is queued in the atomic that completes the job, so there is one per report. */
export function sendReport(deps: SendReportDeps): JobDefinition<SendReportJob> {
  const { reports, notifier, to, email = reportEmail } = deps;
  return handleJob(sendReportJob, {
    async perform(job) {
      if (!to) return complete({ skipped: "REPORT_EMAIL is not set" });
      const { type, date } = job.payload;
      const report = type === "daily" ? await reports.daily(date) : await reports.weekly(date);
      const content = { channel: "email" as const, email: email(report) };
      const { subject } = content.email;
      return complete({ subject }, (tx) => {
        const sent = notifier.prepare(tx, { type: `report.${type}`, subject, to, content });
        if (!sent) job.log.warn("a report was not sent: SMTP_URL is not set");
      });
    },
  });
}

/** The figures of a report, one a line. */
export const reportEmail: ReportEmail = (report) =>
  report.report_type === "daily" ? dailyEmail(report) : weeklyEmail(report);

const REASON = "You get this because REPORT_EMAIL names you.";

function dailyEmail(report: DailyReport): EmailContent {
  const { conversation_analytics: talks, user_engagement: users } = report;
  const bots = report.bot_performance.bot_statistics.slice(0, 5);
  return renderLetter({
    subject: `[Pixel Performance] ${report.date}: ${talks.total_conversations} conversations`,
    lead:
      `${talks.total_conversations} conversations of ${users.active_users} users on ${report.date}.`,
    rows: [
      ...Object.entries(talks.status_breakdown).map(([status, count]) =>
        [`Conversations ${status}`, String(count)] as const
      ),
      ["Messages per conversation", figure(talks.average_conversation_length)],
      ["New users", String(users.new_users)],
      ["CPU", figure(report.system_performance.average_cpu_usage, " %")],
      ["Memory", figure(report.system_performance.average_memory_usage, " %")],
      ...bots.map((bot) =>
        [
          bot.bot_name,
          `${bot.conversation_count} conversations, satisfaction ${
            figure(bot.average_satisfaction)
          }`,
        ] as const
      ),
    ],
    reason: REASON,
  });
}

function weeklyEmail(report: WeeklyReport): EmailContent {
  const { aggregated_stats: stats, user_retention: retention } = report;
  const { trend_direction: trend, daily_trends: days } = report.conversation_trends;
  return renderLetter({
    subject:
      `[Pixel Performance] Week of ${report.week_start}: ${stats.total_conversations} conversations`,
    lead:
      `${stats.total_conversations} conversations of ${stats.total_active_users} users in the week of ${report.week_start}.`,
    rows: [
      ["Trend", trend.replaceAll("_", " ")],
      ["Conversations a day", figure(stats.daily_average_conversations)],
      ["New users", String(stats.total_new_users)],
      ["Returning share", figure(retention.retention_rate, " %")],
      ...days.map((day) => [day.date, `${day.conversations} conversations`] as const),
    ],
    reason: REASON,
  });
}

/** A figure; a mean over nothing is a dash. */
function figure(value: number | null, unit = ""): string {
  return value === null ? "–" : `${value}${unit}`;
}
