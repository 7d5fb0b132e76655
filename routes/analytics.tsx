import ChartReader from "../islands/ChartReader.tsx";
import { exact } from "../islands/parts/format.ts";
import { Badge } from "../islands/parts/pieces.tsx";
import type { PageContext, PageProps } from "../lib/web/page.ts";
import type {
  DailyReport,
  MonthlyReport,
  ReportType,
  WeeklyReport,
} from "../lib/wire/analytics.ts";
import { ANALYTICS as T, REPORTS } from "../islands/parts/texts.ts";
import { loadRange, type RangeData, RangeFigures } from "./_range.tsx";
import { Daily, Monthly, type TrendDay, Weekly } from "./_reports.tsx";
import type { DashboardData } from "./dashboard_data.ts";
import type { PageState } from "./pages.ts";
import { dayOf, isDay, mondaysOf, type Period, periodOf } from "./periods.ts";

type Shown =
  | { type: "range"; data: RangeData }
  | { type: "daily"; report: DailyReport }
  | { type: "weekly"; report: WeeklyReport }
  | { type: "monthly"; report: MonthlyReport; days: TrendDay[] };

interface AnalyticsData {
  shown: Shown;
  /** Null for the last days. */
  period: Period | null;
  date: string;
  today: string;
}

const TYPES: Record<ReportType, string> = T.kinds;
const USUAL_DAYS = "7";

export const handler = {
  async GET(ctx: PageContext<PageState>): Promise<Response> {
    const today = dayOf(ctx.state.now);
    const asked = ctx.url.searchParams;
    const type = asked.get("report") ?? "";
    const date = asked.get("date") ?? "";
    const day = isDay(date) && date <= today ? date : today;
    if (!Object.hasOwn(TYPES, type)) {
      const span = asked.get("days") ?? "";
      const days = Number(Object.hasOwn(T.spans, span) ? span : USUAL_DAYS);
      const { data, now, zone } = ctx.state;
      const bot = asked.get("bot") || undefined;
      const shown: Shown = { type: "range", data: await loadRange(data, now, days, bot, zone) };
      const title = REPORTS.title(T.title(days).toLowerCase());
      return ctx.render({ shown, period: null, date: today, today }, { title });
    }
    const chosen = type as ReportType;
    const period = periodOf(chosen, day);
    const shown = await load(ctx.state.data, chosen, day, today);
    const data: AnalyticsData = { shown, period, date: day, today };
    return ctx.render(data, { title: REPORTS.title(period.title) });
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

/** Of the last days, or a day, week or month of the calendar. */
function Periods({ chosen, date, bot }: { chosen: string; date?: string; bot?: string }) {
  const ofBot = bot ? `&bot=${encodeURIComponent(bot)}` : "";
  const links = [
    ...Object.entries(T.spans).map(([days, word]) => [
      days,
      word,
      `/analytics?days=${days}${ofBot}`,
    ]),
    ...Object.entries(TYPES).map(([type, word]) => [
      type,
      word,
      date ? linkTo(type, date) : `/analytics?report=${type}`,
    ]),
  ];
  return (
    <nav class="segments" aria-label={T.period}>
      {links.map(([key, word, href]) => (
        <a key={key} href={href} aria-current={key === chosen ? "page" : undefined}>{word}</a>
      ))}
    </nav>
  );
}

function LastDays({ data, operator }: { data: RangeData; operator: boolean }) {
  const { days, span, bots, range } = data;
  const { bot_id: botId, ...asked } = span;
  const csv = new URLSearchParams({ ...asked, ...(botId && { bot_id: botId }), format: "csv" });
  return (
    <>
      <header class="title">
        <div>
          <h1>{T.title(days)}</h1>
          <p class="muted">
            {range.rows.at(-1)?.partial && <Badge tone="busy">{T.today}</Badge>}
            <span>{T.zone(span.tz)}</span>
            <a href={`/api/performance/analytics/range?${csv}`} download>{T.export}</a>
          </p>
        </div>
        <div class="picker">
          <Periods chosen={String(days)} bot={botId} />
          <form method="get" action="/analytics" class="line">
            <input type="hidden" name="days" value={days} />
            <select name="bot" aria-label={T.bot}>
              <option value="">{T.allBots}</option>
              {bots.map((bot) => (
                <option key={bot.bot_id} value={bot.bot_id} selected={bot.bot_id === botId}>
                  {bot.name}
                </option>
              ))}
            </select>
            <button type="submit" class="button">{T.show}</button>
          </form>
        </div>
      </header>
      <RangeFigures data={data} operator={operator} />
      <ChartReader />
    </>
  );
}

const linkTo = (report: string, date: string) => `/analytics?report=${report}&date=${date}`;

export default function Analytics({ data, state }: PageProps<AnalyticsData, PageState>) {
  const { shown, period, date, today } = data;
  if (shown.type === "range" || !period) {
    return shown.type === "range" &&
      <LastDays data={shown.data} operator={state.session?.role !== "viewer"} />;
  }
  const { report, type } = shown;
  return (
    <>
      <header class="title">
        <div>
          <h1>{period.title}</h1>
          <p class="muted">
            {report.partial && <Badge tone="busy">{REPORTS.soFar}</Badge>} {REPORTS.asOf}{" "}
            {exact(Date.parse(report.data_as_of))}
            {report.revision > 1 && REPORTS.revision(String(report.revision))}
          </p>
        </div>
        <div class="picker">
          <Periods chosen={type} date={date} />
          <form method="get" action="/analytics" class="line">
            <input type="hidden" name="report" value={type} />
            <a
              class="button"
              href={linkTo(type, period.before)}
              rel="prev"
              aria-label={REPORTS.earlier}
            >
              ←
            </a>
            <input
              type="date"
              name="date"
              value={date}
              max={today}
              aria-label={REPORTS.date}
              required
            />
            {period.after <= today && (
              <a
                class="button"
                href={linkTo(type, period.after)}
                rel="next"
                aria-label={REPORTS.later}
              >
                →
              </a>
            )}
            <button type="submit" class="button">{T.show}</button>
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
