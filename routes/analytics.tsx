import { exact } from "../islands/parts/format.ts";
import { Badge } from "../islands/parts/pieces.tsx";
import type { PageContext, PageProps } from "../lib/web/page.ts";
import type {
  DailyReport,
  MonthlyReport,
  ReportType,
  WeeklyReport,
} from "../lib/wire/analytics.ts";
import { Daily, Monthly, type TrendDay, Weekly } from "./_reports.tsx";
import type { DashboardData } from "./dashboard_data.ts";
import type { PageState } from "./pages.ts";
import { dayOf, isDay, mondaysOf, type Period, periodOf } from "./periods.ts";

type Shown =
  | { type: "daily"; report: DailyReport }
  | { type: "weekly"; report: WeeklyReport }
  | { type: "monthly"; report: MonthlyReport; days: TrendDay[] };

interface AnalyticsData {
  shown: Shown;
  period: Period;
  date: string;
  today: string;
}

const TYPES: Record<ReportType, string> = { daily: "Day", weekly: "Week", monthly: "Month" };

export const handler = {
  async GET(ctx: PageContext<PageState>): Promise<Response> {
    const today = dayOf(ctx.state.now);
    const asked = ctx.url.searchParams;
    const type = asked.get("report") ?? "";
    const date = asked.get("date") ?? "";
    const day = isDay(date) && date <= today ? date : today;
    const chosen: ReportType = type in TYPES ? type as ReportType : "weekly";
    const period = periodOf(chosen, day);
    const shown = await load(ctx.state.data, chosen, day, today);
    const data: AnalyticsData = { shown, period, date: day, today };
    return ctx.render(data, { title: `Analytics, ${period.title}` });
  },
};

async function load(
  data: DashboardData,
  type: ReportType,
  date: string,
  today: string,
): Promise<Shown> {
  if (type === "daily") return { type, report: await data.daily(date) };
  if (type === "weekly") return { type, report: await data.weekly(date) };
  const period = periodOf("monthly", date);
  const [report, ...weeks] = await Promise.all([
    data.monthly(date),
    ...mondaysOf(period, today).map((monday) => data.weekly(monday)),
  ]);
  const days = weeks.flatMap((week) => week.conversation_trends.daily_trends);
  return {
    type,
    report,
    days: days.filter((day) => day.date >= period.start && day.date <= period.last),
  };
}

const linkTo = (report: string, date: string) => `/analytics?report=${report}&date=${date}`;

export default function Analytics({ data }: PageProps<AnalyticsData, PageState>) {
  const { shown, period, date, today } = data;
  const { report, type } = shown;
  return (
    <>
      <header class="title">
        <div>
          <h1>{period.title}</h1>
          <p class="muted">
            {report.partial && <Badge tone="busy">So far</Badge>} Data as of{" "}
            {exact(Date.parse(report.data_as_of))}
            {report.revision > 1 && `, revision ${report.revision}`}
          </p>
        </div>
        <div class="picker">
          <nav class="segments" aria-label="Kind of report">
            {Object.entries(TYPES).map(([name, word]) => (
              <a
                key={name}
                href={linkTo(name, date)}
                aria-current={name === type ? "page" : undefined}
              >
                {word}
              </a>
            ))}
          </nav>
          <form method="get" action="/analytics" class="line">
            <input type="hidden" name="report" value={type} />
            <a class="button" href={linkTo(type, period.before)} rel="prev" aria-label="Earlier">
              ←
            </a>
            <input type="date" name="date" value={date} max={today} aria-label="Date" required />
            {period.after <= today && (
              <a class="button" href={linkTo(type, period.after)} rel="next" aria-label="Later">
                →
              </a>
            )}
            <button type="submit" class="button">Show</button>
          </form>
        </div>
      </header>
      {shown.type === "daily" && <Daily report={shown.report} />}
      {shown.type === "weekly" && <Weekly report={shown.report} today={today} />}
      {shown.type === "monthly" && (
        <Monthly
          report={shown.report}
          days={shown.days}
          today={today}
        />
      )}
    </>
  );
}
