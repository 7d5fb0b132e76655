import { scaleLinear, scaleUtc } from "d3-scale";
import { area, line } from "d3-shape";
import { CHARTS as T, COMMON } from "../../islands/parts/texts.ts";
import { distinctInstants, distinctTicks, roomFor, timeTicks } from "./axis.ts";
import { ChartFrame } from "./frame.tsx";

export interface Point {
  /** Milliseconds since the epoch. */
  at: number;
  /** Null is a gap in the line: nothing was measured. */
  value: number | null;
}

interface LineChartProps {
  title: string;
  points: Point[];
  format: (value: number) => string;
  /** The label of an instant on the axis. */
  formatTime: (at: number) => string;
  /** The same in the table, where it must say all; by default as on the axis. */
  formatRow?: (at: number) => string;
  /** The time zone of the axis; UTC for points that are days of a calendar. */
  zone?: string;
  /** The top of the axis where it is known, such as 100 for percentages. */
  highest?: number;
}

/** Fewer points than this are all to be seen. */
const FEWEST_TO_ZOOM = 12;
const HEIGHT = 200;
const EDGE = { top: 12, right: 28, bottom: 24 };

/** A line over time with a soft area below it, honest about its gaps; for half a page at most. */
export function LineChart(
  { title, points, format, formatTime, formatRow = formatTime, zone = "UTC", highest }:
    LineChartProps,
) {
  const values = points.flatMap((point) => point.value === null ? [] : [point.value]);
  const y = scaleLinear(
    [0, highest ?? (Math.max(...values, 0) || 1)],
    [HEIGHT - EDGE.bottom, EDGE.top],
  );
  if (highest === undefined) y.nice(4);
  const ticks = distinctTicks(y.ticks(4), format);
  const left = roomFor(ticks.map(format));
  const last = values.at(-1);
  const summary = last === undefined
    ? T.nothing(title)
    : T.line(title, format(Math.min(...values)), format(Math.max(...values)), format(last));

  const scale = (width: number) => {
    const first = points[0]?.at ?? 0, last = points.at(-1)?.at ?? 0;
    // One instant alone has no span, and stands in the middle.
    const span = first === last ? [first - 1, first + 1] : [first, last];
    return scaleUtc(span, [left, width - EDGE.right]);
  };
  const draw = (width: number) => {
    const x = scale(width);
    const known = (point: Point) => point.value !== null;
    const path = line<Point>().defined(known).x((p) => x(p.at)).y((p) => y(p.value ?? 0));
    const below = area<Point>().defined(known).x((p) => x(p.at)).y0(y(0)).y1((p) =>
      y(p.value ?? 0)
    );
    return (
      <>
        <g class="grid">
          {ticks.map((tick) => (
            <g key={tick}>
              <line x1={left} x2={width - EDGE.right} y1={y(tick)} y2={y(tick)} />
              <text x={left - 8} y={y(tick)} text-anchor="end" dominant-baseline="middle">
                {format(tick)}
              </text>
            </g>
          ))}
          {points.length > 1 &&
            distinctInstants(
              timeTicks(points[0]!.at, points.at(-1)!.at, width / 110, zone),
              formatTime,
            ).map((tick) => (
              <text key={tick} x={x(tick)} y={HEIGHT - 6} text-anchor="middle">
                {formatTime(tick)}
              </text>
            ))}
        </g>
        {points.filter((_, at) => isAlone(points, at)).map((point) => (
          <circle key={point.at} class="dot" cx={x(point.at)} cy={y(point.value!)} r="3.5" />
        ))}
        <path class="area" d={below(points) ?? ""} />
        <path class="line" d={path(points) ?? ""} />
      </>
    );
  };
  const rows = points.map((point) => [
    formatRow(point.at),
    point.value === null ? COMMON.noValue : format(point.value),
  ]);
  return (
    <ChartFrame
      title={title}
      summary={summary}
      height={HEIGHT}
      half
      table={{ head: ["", title], rows }}
      draw={draw}
      zone={zone}
      series={points.length >= FEWEST_TO_ZOOM
        ? [points.map(({ at }) => at / 1_000), points.map(({ value }) => value)]
        : undefined}
      spots={(width) => {
        const x = scale(width);
        return points.map((point) => x(point.at));
      }}
    />
  );
}

/** A value with a gap on both sides: no line leads there, so it needs a mark of its own. */
function isAlone(points: Point[], at: number): boolean {
  const known = (index: number) => (points[index]?.value ?? null) !== null;
  return known(at) && !known(at - 1) && !known(at + 1);
}
