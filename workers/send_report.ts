import { z } from "zod";
import type { Reports } from "../lib/analytics/reports.ts";
import { summaryEmail } from "../lib/analytics/summary_email.ts";
import { complete, declareJob, handleJob, type JobDefinition } from "../lib/jobs/definition.ts";
import type { Notifier } from "../lib/notifications/notifier.ts";

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

export interface SendReportDeps {
  reports: Pick<Reports, "daily" | "weekly">;
  notifier: Notifier;
  /** Who gets it, a message each. */
  to: readonly string[];
}

/** E-mails are queued in the atomic that completes the job: one per report and address. */
export function sendReport(deps: SendReportDeps): JobDefinition<SendReportJob> {
  const { reports, notifier, to } = deps;
  return handleJob(sendReportJob, {
    async perform(job) {
      if (to.length === 0) return complete({ skipped: "REPORT_EMAIL is not set" });
      const { type, date } = job.payload;
      const report = type === "daily" ? await reports.daily(date) : await reports.weekly(date);
      const content = { channel: "email" as const, email: summaryEmail(report) };
      const { subject } = content.email;
      return complete({ subject }, (tx) => {
        for (const address of to) {
          const message = { type: `report.${type}`, subject, to: address, content };
          if (notifier.prepare(tx, message)) continue;
          job.log.warn("a report was not sent: SMTP_URL is not set");
        }
      });
    },
  });
}
