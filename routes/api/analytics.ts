import { commitOnce } from "../../lib/kv/idempotency.ts";
import {
  DailyAnswer,
  MonthlyAnswer,
  NewReport,
  ReportQuery,
  ReportQueued,
  WeeklyAnswer,
} from "../../lib/wire/schemas/analytics.ts";
import type { ApiBuilder } from "./operation.ts";

const DAY_MS = 86_400_000;
const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** A day of last month, UTC. */
function lastMonth(now: number): string {
  const today = new Date(now);
  return dayOf(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - 1, 1));
}

/** Reports on finished and running periods. */
export function addAnalytics(api: ApiBuilder): void {
  const { reports, clock, work, db, admit } = api.deps;

  api.add({
    route: "GET /analytics/daily",
    tag: "Analytics",
    summary: "A day in UTC, by default yesterday",
    query: ReportQuery,
    answer: DailyAnswer,
    async handle({ query }) {
      return { analytics: await reports.daily(query.date ?? dayOf(clock.now() - DAY_MS)) };
    },
  });

  api.add({
    route: "GET /analytics/weekly",
    tag: "Analytics",
    summary: "The week, from Monday, that a day lies in; by default last week",
    query: ReportQuery,
    answer: WeeklyAnswer,
    async handle({ query }) {
      return { analytics: await reports.weekly(query.date ?? dayOf(clock.now() - 7 * DAY_MS)) };
    },
  });

  api.add({
    route: "GET /analytics/monthly",
    tag: "Analytics",
    summary: "The month that a day lies in; by default last month",
    query: ReportQuery,
    answer: MonthlyAnswer,
    async handle({ query }) {
      return { analytics: await reports.monthly(query.date ?? lastMonth(clock.now())) };
    },
  });

  api.add({
    route: "POST /analytics/generate",
    tag: "Analytics",
    summary: "Build the reports of a range of days again",
    body: NewReport,
    answer: ReportQueued,
    queues: true,
    async handle({ body: { report_type, date_range }, claim, audit }) {
      const range = { start: date_range.start_date, end: date_range.end_date };
      return await commitOnce(db, claim, (tx) => {
        admit(1);
        audit(tx);
        return { task_id: work.report(tx, report_type, range), report_type, date_range };
      });
    },
  });
}
