import { z } from "zod";
import type { Reports } from "../lib/analytics/reports.ts";
import { complete, declareJob, handleJob, type JobDefinition } from "../lib/jobs/definition.ts";

const DAY_MS = 86_400_000;
/** A range is cut to this many reports. */
const MAX_REPORTS = 400;

const payload = z.object({
  type: z.enum(["daily", "weekly", "monthly"]),
  /** Any day of the first and last period, `YYYY-MM-DD`. */
  start: z.iso.date(),
  end: z.iso.date(),
});
export type ReportJob = z.infer<typeof payload>;

/** Builds and stores the reports of a range. */
export const reportJob = declareJob<ReportJob>({
  kind: "generate_report",
  queue: "analytics",
  payload,
  maxAttempts: 3,
  timeoutMs: 10 * 60_000,
});

/** The handler: one report for every period that the range touches. */
export function generateReport(reports: Reports): JobDefinition<ReportJob> {
  return handleJob(reportJob, {
    async perform(job) {
      const { type, start, end } = job.payload;
      const dates = datesOf(type, start, end);
      for (const [index, date] of dates.entries()) {
        job.signal.throwIfAborted();
        await reports.rebuild(type, date);
        job.progress(100 * (index + 1) / dates.length, date);
      }
      return complete({ report_type: type, reports: dates.length });
    },
  });
}

/** One date in each day, week or month from `start` to `end`. */
export function datesOf(type: ReportJob["type"], start: string, end: string): string[] {
  const dates: string[] = [];
  let at = new Date(`${start}T00:00:00Z`);
  if (type === "weekly") at = new Date(at.getTime() - ((at.getUTCDay() + 6) % 7) * DAY_MS);
  if (type === "monthly") at.setUTCDate(1);
  const last = Date.parse(`${end}T00:00:00Z`);
  while (at.getTime() <= last && dates.length < MAX_REPORTS) {
    dates.push(at.toISOString().slice(0, 10));
    if (type === "monthly") at.setUTCMonth(at.getUTCMonth() + 1);
    else at = new Date(at.getTime() + (type === "weekly" ? 7 : 1) * DAY_MS);
  }
  return dates;
}
