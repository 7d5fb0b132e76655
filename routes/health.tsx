import ChartReader from "../islands/ChartReader.tsx";
import HealthBoard from "../islands/HealthBoard.tsx";
import {
  count,
  dayOfMonth,
  duration,
  mean,
  minuteIn,
  percent,
  timeOfDay,
} from "../islands/parts/format.ts";
import type { HealthData } from "../islands/parts/page_data.ts";
import { Empty, Panel } from "../islands/parts/pieces.tsx";
import { COMMON, HEALTH_PAGE as T, PAGES } from "../islands/parts/texts.ts";
import { labelsOf } from "./_charts/labels.ts";
import { LineChart, type Point } from "./_charts/line.tsx";
import type { PageContext, PageProps } from "../lib/web/page.ts";
import { wantsData } from "../lib/web/serve_pages.ts";
import type { History, HistoryMetric } from "../lib/wire/history.ts";
import { backWith, Notice } from "./_notices.tsx";
import { liveData, type PageState } from "./pages.ts";
import { orNull } from "./parts.ts";
import { lastHours } from "./periods.ts";

const HOUR_MS = 3_600_000;
/** Up to this many hours are drawn by the minute. */
const BY_MINUTE = 1;

type Span = keyof typeof T.spans;

interface HealthPage {
  board: HealthData;
  span: Span;
  /** Of the chosen span. */
  history: History | null;
}

const CHARTS: { metric: HistoryMetric; format: (value: number) => string; highest?: number }[] = [
  { metric: "score", format: mean, highest: 100 },
  { metric: "queue_depth", format: count },
  { metric: "latency_ms", format: duration },
  { metric: "cpu_percent", format: percent, highest: 100 },
  { metric: "memory_percent", format: percent, highest: 100 },
  { metric: "hit_rate", format: percent, highest: 100 },
  { metric: "success_rate", format: percent, highest: 100 },
];

const METRICS = CHARTS.map(({ metric }) => metric).join();

export const handler = {
  async GET(ctx: PageContext<PageState>): Promise<Response> {
    const { data, now } = ctx.state;
    const past = (metrics: string, hours: number) =>
      orNull(data.history({
        metrics,
        ...lastHours(hours, now),
        granularity: hours <= BY_MINUTE ? "minute" : "hour",
      }));
    const asked = ctx.url.searchParams.get("hours") ?? "";
    const wanted: Span = Object.hasOwn(T.spans, asked) ? asked as Span : "24";
    const [health, hour, alerts, kept] = await Promise.all([
      orNull(data.health()),
      past("cpu_percent,memory_percent", 1),
      orNull(data.alerts()),
      wantsData(ctx.hono) ? null : past(METRICS, Number(wanted)),
    ]);
    // Whoever has run for less than an hour has nothing by the hour yet.
    const young = !asked && kept !== null && kept.points.length < 2;
    const span: Span = young ? "1" : wanted;
    const history = young ? await past(METRICS, 1) : kept;
    const board: HealthData = { ...liveData(ctx.state), health, history: hour, alerts };
    const shown: HealthPage = { board, span, history };
    return ctx.render(wantsData(ctx.hono) ? board : shown, { title: PAGES["/health"] });
  },

  /** The plain forms, for those without scripts. */
  async POST(ctx: PageContext<PageState>): Promise<Response> {
    const form = await ctx.hono.req.parseBody();
    if (form["do"] !== "acknowledge") return ctx.notFound(COMMON.noAction);
    await ctx.state.data.acknowledgeAlert(String(form["name"]));
    return ctx.redirect(backWith("/health", "acknowledged"));
  },
};

export default function Health({ data, url, state }: PageProps<HealthPage, PageState>) {
  const { board, span, history } = data;
  const time = labelsOf((at) => timeLabel(at, Number(span), state.zone));
  const minute = labelsOf((at) => minuteIn(at, state.zone));
  return (
    <>
      <header class="title">
        <h1>{PAGES["/health"]}</h1>
      </header>
      <Notice url={url} />
      <HealthBoard {...board} />
      <header class="title" id="history">
        <h2>{T.history}</h2>
        <nav class="segments" aria-label={T.history}>
          {Object.entries(T.spans).map(([hours, words]) => (
            <a
              key={hours}
              href={`/health?hours=${hours}#history`}
              aria-current={hours === span ? "true" : undefined}
            >
              {words}
            </a>
          ))}
        </nav>
      </header>
      {!history || history.points.length < 2 ? <Empty>{T.noHistory}</Empty> : (
        <div class="trends">
          {CHARTS.filter(({ metric }) => measured(history, metric)).map((
            { metric, format, highest },
          ) => (
            <Panel key={metric} title={T.charts[metric]}>
              <LineChart
                title={T.charts[metric]}
                points={evenly(history, metric)}
                format={format}
                formatTime={time}
                formatRow={minute}
                zone={state.zone}
                highest={highest}
              />
            </Panel>
          ))}
        </div>
      )}
      <ChartReader />
    </>
  );
}

const measured = (history: History, metric: HistoryMetric): boolean =>
  history.points.some((point) => point[metric] != null);

/** A point for every minute or hour between the first and the last; those not recorded are gaps. */
export function evenly(history: History, metric: HistoryMetric): Point[] {
  const step = history.granularity === "minute" ? 60_000 : HOUR_MS;
  const values = new Map(
    history.points.map((point) => [
      Math.floor(Date.parse(point.at) / step) * step,
      point[metric] ?? null,
    ]),
  );
  const times = [...values.keys()];
  const points: Point[] = [];
  for (let at = Math.min(...times); at <= Math.max(...times); at += step) {
    points.push({ at, value: values.get(at) ?? null });
  }
  return points;
}

function timeLabel(at: number, hours: number, zone: string): string {
  if (hours <= 24) return timeOfDay(at, zone);
  const day = dayOfMonth(at, zone);
  return hours > 168 ? day : `${day}, ${timeOfDay(at, zone)}`;
}
