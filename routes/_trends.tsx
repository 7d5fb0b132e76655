import { count, duration, mean, minuteIn, timeOfDay } from "../islands/parts/format.ts";
import { Panel } from "../islands/parts/pieces.tsx";
import { LineChart, type Point } from "../lib/web/charts/line.tsx";
import type { History, HistoryMetric } from "../lib/wire/history.ts";

const HOUR_MS = 3_600_000;
/** Less than this is no picture. */
const FEWEST_HOURS = 3;

const LINES: { metric: HistoryMetric; title: string; format: (value: number) => string }[] = [
  { metric: "score", title: "Performance score", format: mean },
  { metric: "queue_depth", title: "Tasks waiting", format: count },
  { metric: "latency_ms", title: "Time to an answer, p95", format: duration },
];

/** The last day by the hour, as it was recorded; nothing until there is something to see. */
export function Trends({ history, zone }: { history: History | null; zone: string }) {
  if (!history || history.points.length < FEWEST_HOURS) return null;
  return (
    <section class="trends" aria-label="The last 24 hours">
      {LINES.map(({ metric, title, format }) => (
        <Panel key={metric} title={title} aside="last 24 h">
          <LineChart
            title={title}
            points={byHour(history, metric)}
            format={format}
            formatTime={(at) => timeOfDay(at, zone)}
            formatRow={(at) => minuteIn(at, zone)}
            zone={zone}
            highest={metric === "score" ? 100 : undefined}
          />
        </Panel>
      ))}
    </section>
  );
}

/** A point for every hour from the first that was recorded; hours that were not are gaps. */
export function byHour(history: History, metric: HistoryMetric): Point[] {
  const values = new Map(history.points.map((point) => [Date.parse(point.at), point[metric]]));
  const hours = [...values.keys()];
  const [first, last] = [Math.min(...hours), Math.max(...hours)];
  const points: Point[] = [];
  for (let at = first; at <= last; at += HOUR_MS) {
    points.push({ at, value: values.get(at) ?? null });
  }
  return points;
}
