import { CHARTS as T, COMMON } from "../../islands/parts/texts.ts";
import { DataTable } from "./frame.tsx";

interface HeatMapProps {
  title: string;
  rows: string[];
  columns: string[];
  /** Null where nothing was observed. */
  value: (row: number, column: number) => number | null;
  format: (value: number) => string;
}

const CELL = { width: 40, height: 26 };
const LEFT = 44;
const BELOW = 20;

/** Values of a grid as shades of one colour; the table behind has the numbers. */
export function HeatMap({ title, rows, columns, value, format }: HeatMapProps) {
  const values = rows.map((_, row) => columns.map((_, column) => value(row, column)));
  const highest = Math.max(...values.flat().map((one) => one ?? 0), 0);
  const width = LEFT + columns.length * CELL.width;
  const height = rows.length * CELL.height + BELOW;
  const peak = values.flat().findIndex((one) => one === highest);
  const where = `${rows[Math.floor(peak / columns.length)]} ${columns[peak % columns.length]}`;
  const summary = highest === 0 ? T.nothing(title) : T.heat(title, where, format(highest));
  return (
    <figure class="chart heat-map">
      <figcaption class="unseen">{title}</figcaption>
      <div class="scroll" tabIndex={0} role="region" aria-label={T.picture(title)}>
        <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={summary}>
          {values.map((line, row) => (
            <g key={rows[row]} class="spots">
              <text
                x={LEFT - 8}
                y={(row + 0.5) * CELL.height}
                text-anchor="end"
                dominant-baseline="middle"
              >
                {rows[row]}
              </text>
              {line.map((one, column) => (
                <rect
                  key={column}
                  class={one === null ? "cell none" : "cell"}
                  x={LEFT + column * CELL.width + 1}
                  y={row * CELL.height + 1}
                  width={CELL.width - 2}
                  height={CELL.height - 2}
                  rx="3"
                  fill-opacity={one === null
                    ? undefined
                    : (0.06 + 0.94 * (highest && one / highest)).toFixed(3)}
                >
                  <title>
                    {`${rows[row]} ${columns[column]}: ${one === null ? T.noData : format(one)}`}
                  </title>
                </rect>
              ))}
            </g>
          ))}
          {columns.map((name, column) =>
            column % 3 === 0 && (
              <text
                key={name}
                x={LEFT + (column + 0.5) * CELL.width}
                y={height - 5}
                text-anchor="middle"
              >
                {name}
              </text>
            )
          )}
        </svg>
      </div>
      <details>
        <summary>{COMMON.numbers}</summary>
        <div class="scroll" tabIndex={0} role="region" aria-label={T.numbersOf(title)}>
          <DataTable
            head={["", ...columns]}
            rows={values.map((line, row) => [
              rows[row]!,
              ...line.map((one) => one === null ? COMMON.noValue : format(one)),
            ])}
          />
        </div>
      </details>
    </figure>
  );
}
