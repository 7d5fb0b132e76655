import { scaleLinear } from "d3-scale";
import { COMMON } from "../../islands/parts/texts.ts";

export interface Ranked {
  id: string;
  name: string;
  value: number;
  /** A further figure of the same thing, such as its mean score. */
  note?: string;
}

interface RankingProps {
  /** Column heads: what is ranked, what is counted, and what the note is. */
  head: [string, string, string?];
  rows: Ranked[];
  format: (value: number) => string;
}

/** A table whose rows carry a bar: picture and numbers are one. */
export function Ranking({ head, rows, format }: RankingProps) {
  const width = scaleLinear([0, Math.max(...rows.map((row) => row.value), 1)], [0, 100]);
  return (
    <table class="rows ranking">
      <thead>
        <tr>
          <th scope="col">{head[0]}</th>
          <th scope="col" class="number">{head[1]}</th>
          {head[2] && <th scope="col" class="number">{head[2]}</th>}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id}>
            <td>
              <span title={row.id}>{row.name}</span>
              <svg class="meter" aria-hidden="true">
                <rect class="fill" width={`${width(row.value)}%`} height="100%" />
              </svg>
            </td>
            <td class="number">{format(row.value)}</td>
            {head[2] && <td class="number">{row.note ?? COMMON.noValue}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
