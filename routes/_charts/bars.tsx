import { scaleBand, scaleLinear } from "d3-scale";
import { CHARTS as T, COMMON } from "../../islands/parts/texts.ts";
import { distinctTicks, roomFor } from "./axis.ts";
import { ChartFrame } from "./frame.tsx";

export interface Bar {
  /** Below the bar; must be unique. */
  label: string;
  /** Null is a gap: nothing was measured. */
  value: number | null;
  /** Still growing, drawn lighter: a day that is not over. */
  partial?: boolean;
}

interface BarChartProps {
  title: string;
  /** What a bar counts, in the plural: "conversations". */
  unit: string;
  bars: Bar[];
  format: (value: number) => string;
}

const HEIGHT = 220;
const EDGE = { top: 20, right: 10, bottom: 24 };

/** Upright bars from zero, each with its value on top where there is room. */
export function BarChart({ title, unit, bars, format }: BarChartProps) {
  const values = bars.flatMap((bar) => bar.value === null ? [] : [bar.value]);
  const highest = Math.max(...values, 0);
  const y = scaleLinear([0, highest || 1], [HEIGHT - EDGE.bottom, EDGE.top]).nice(4);
  const ticks = distinctTicks(y.ticks(4), format);
  const left = roomFor(ticks.map(format));
  const peak = bars.find((bar) => bar.value === highest);
  const summary = values.length === 0
    ? T.nothing(title)
    : T.bars(title, String(bars.length), peak?.label ?? "", `${format(highest)} ${unit}`);

  const scale = (width: number) =>
    scaleBand(bars.map((bar) => bar.label), [left, width - EDGE.right])
      .paddingInner(0.25).paddingOuter(0.1);
  const draw = (width: number) => {
    const x = scale(width);
    const everyNth = Math.ceil(bars.length / (width / 76));
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
        </g>
        {bars.map((bar, at) => {
          const from = x(bar.label)!;
          const middle = from + x.bandwidth() / 2;
          const top = y(bar.value ?? 0);
          return (
            <g key={bar.label} class={bar.partial ? "bar partial" : "bar"}>
              <title>{`${bar.label}: ${bar.value === null ? T.noData : format(bar.value)}`}</title>
              <rect x={from} y={top} width={x.bandwidth()} height={y(0) - top} rx="2" />
              {bar.value !== null && x.bandwidth() >= 7 * format(bar.value).length && (
                <text class="value" x={middle} y={top - 6} text-anchor="middle">
                  {format(bar.value)}
                </text>
              )}
              {at % everyNth === 0 && (
                <text x={middle} y={HEIGHT - 6} text-anchor="middle">{bar.label}</text>
              )}
            </g>
          );
        })}
      </>
    );
  };
  const rows = bars.map((bar) => [
    bar.partial ? T.soFar(bar.label) : bar.label,
    bar.value === null ? COMMON.noValue : format(bar.value),
  ]);
  return (
    <ChartFrame
      title={title}
      summary={summary}
      height={HEIGHT}
      table={{ head: ["", unit], rows }}
      draw={draw}
      spots={(width) => {
        const x = scale(width);
        return bars.map((bar) => x(bar.label)! + x.bandwidth() / 2);
      }}
    />
  );
}
