import { count, duration, mean, minuteIn, timeOfDay } from "../islands/parts/format.ts";
import { Panel } from "../islands/parts/pieces.tsx";
import { HEALTH_PAGE, OVERVIEW as T } from "../islands/parts/texts.ts";
import { labelsOf } from "./_charts/labels.ts";
import { LineChart, type Point } from "./_charts/line.tsx";
import type { History, HistoryMetric } from "../lib/wire/history.ts";

const HOUR_MS = 3_600_000;
/** Less than this is no picture. */
const FEWEST_HOURS = 3;

const LINES: { metric: HistoryMetric; format: (value: number) => string }[] = [
  { metric: "score", format: mean },
  { metric: "queue_depth", format: count },
  { metric: "latency_ms", format: duration },
];

/** The last day by the hour, as it was recorded; nothing until there is something to see. */
export function Trends({ history, zone }: { history: History | null; zone: string }) {
  if (!history || history.points.length < FEWEST_HOURS) return null;
  const time = labelsOf((at) => timeOfDay(at, zone));
  const minute = labelsOf((at) => minuteIn(at, zone));
  return (
    <section class="trends" aria-label={T.day}>
      {LINES.map(({ metric, format }) => (
        <Panel key={metric} title={HEALTH_PAGE.charts[metric]} aside={T.dayShort}>
          <LineChart
            title={HEALTH_PAGE.charts[metric]}
            points={byHour(history, metric)}
            format={format}
            formatTime={time}
            formatRow={minute}
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
