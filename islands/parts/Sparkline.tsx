import { CHARTS } from "./texts.ts";

interface SparklineProps {
  /** Equally spaced; null is a gap. */
  values: (number | null)[];
  /** The top of the picture. */
  highest: number;
  name: string;
}

/** A line without axes, as wide as its place. Small enough to be redrawn by the browser. */
export function Sparkline({ values, highest, name }: SparklineProps) {
  const known = values.filter((value) => value !== null);
  if (known.length < 2) return null;
  const low = Math.round(Math.min(...known));
  const high = Math.round(Math.max(...known));
  return (
    <svg
      class="spark"
      viewBox="0 0 100 24"
      preserveAspectRatio="none"
      role="img"
      aria-label={CHARTS.spark(name, String(low), String(high))}
    >
      <path d={sparkPath(values, highest)} />
    </svg>
  );
}

/** The path in a box of 100 × 24, with a new start after each gap. */
export function sparkPath(values: (number | null)[], highest: number): string {
  let pen = "M";
  return values.map((value, at) => {
    if (value === null) {
      pen = "M";
      return "";
    }
    const x = at / Math.max(1, values.length - 1) * 100;
    const y = 23 - Math.min(1, Math.max(0, value / highest)) * 22;
    const step = `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = "L";
    return step;
  }).join("");
}
