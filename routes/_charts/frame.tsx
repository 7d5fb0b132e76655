import type { JSX } from "preact";
import { COMMON, ZOOM } from "../../islands/parts/texts.ts";

/** A chart is drawn at each of these widths, and the style sheet shows the one that fits: text stays sharp. */
const WIDTHS = { narrow: 340, wide: 620, full: 1160 };

const { full: _full, ...HALF_WIDTHS } = WIDTHS;

export interface TableOf {
  head: string[];
  rows: (string | number)[][];
}

interface ChartFrameProps {
  title: string;
  /** One sentence that says what the picture shows, for those who do not see it. */
  summary: string;
  /** The numbers behind the picture. */
  table: TableOf;
  height: number;
  /** It stands in half a page at most, where the full width never fits. */
  half?: boolean;
  draw: (width: number) => JSX.Element;
  /** Instants (s since the epoch) and values, where one may zoom into them. */
  series?: [times: number[], values: (number | null)[]];
  /** The time zone of those instants. */
  zone?: string;
  /** Where each row of the table stands in the picture, for reading it with a pointer or keys. */
  spots: (width: number) => number[];
}

/** A figure with its caption, its picture at each width, and the table behind it. */
export function ChartFrame(
  { title, summary, table, height, half, draw, series, zone, spots }: ChartFrameProps,
) {
  return (
    <figure class="chart" data-series={series && JSON.stringify(series)} data-zone={series && zone}>
      <figcaption class="unseen">{title}</figcaption>
      {Object.entries(half ? HALF_WIDTHS : WIDTHS).map(([name, width]) => (
        <svg
          key={name}
          class={`at-${name}`}
          viewBox={`0 0 ${width} ${height}`}
          role="img"
          aria-label={summary}
          data-spots={spots(width).map((x) => x.toFixed(1)).join(" ")}
        >
          {draw(width)}
        </svg>
      ))}
      <div class="below">
        <details>
          <summary>{COMMON.numbers}</summary>
          <DataTable {...table} />
        </details>
        {series && (
          <button type="button" class="button quiet needs-script" data-zoom>
            {ZOOM.open}
            <span class="unseen">: {title}</span>
          </button>
        )}
      </div>
    </figure>
  );
}

/** Rows of numbers; the first column names each. */
export function DataTable({ head, rows }: TableOf) {
  return (
    <table class="rows">
      <thead>
        <tr>
          {head.map((name, at) => (
            <th key={name} scope="col" class={at > 0 ? "number" : undefined}>{name}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row[0]}>
            {row.map((cell, at) => <td key={at} class={at > 0 ? "number" : undefined}>{cell}</td>)}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
