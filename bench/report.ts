import os from "node:os";

export interface BenchOptions {
  rounds: number;
  /** Share of the usual amount of work. */
  size: number;
  only: string | undefined;
  subjects: string[] | undefined;
  /** A folder of public data, for benches that use such. */
  data?: string;
  tell(text: string): void;
}

/** One figure of one subject, compared with one other where `against` is given. */
export interface Row {
  metric: string;
  subject: string;
  /** Median of all rounds. */
  value: number;
  unit: string;
  against?: string;
  /** How many times better than `against`: above 1 is better, whatever the unit. */
  ratio?: number;
  rounds: number;
  min: number;
  max: number;
}

export interface BenchReport {
  bench: string;
  machine: string;
  versions: Record<string, string>;
  rows: Row[];
}

export type Bench = (options: BenchOptions) => Promise<Pick<BenchReport, "versions" | "rows">>;

/** Units in which less is better. */
const LOWER_IS_BETTER = new Set(["s", "ms", "µs", "MB", "B"]);

/** All figures of a metric, in the order in which they were taken, by subject. */
export class Figures {
  readonly #taken = new Map<string, { unit: string; bySubject: Map<string, number[]> }>();

  add(metric: string, subject: string, value: number, unit: string): void {
    let entry = this.#taken.get(metric);
    if (!entry) this.#taken.set(metric, entry = { unit, bySubject: new Map() });
    const values = entry.bySubject.get(subject);
    if (values) values.push(value);
    else entry.bySubject.set(subject, [value]);
  }

  /** For each metric: `own` against every other subject, then the others by themselves. */
  rows(own: string): Row[] {
    const rows: Row[] = [];
    for (const [metric, { unit, bySubject }] of this.#taken) {
      const row = (subject: string): Row => {
        const values = bySubject.get(subject)!;
        const rounds = values.length;
        const [min, max] = [Math.min(...values), Math.max(...values)];
        return { metric, subject, value: median(values), unit, rounds, min, max };
      };
      const others = [...bySubject.keys()].filter((subject) => subject !== own);
      if (bySubject.has(own)) {
        const mine = row(own);
        if (others.length === 0) rows.push(mine);
        for (const against of others) {
          const theirs = row(against).value;
          const better = LOWER_IS_BETTER.has(unit) ? theirs / mine.value : mine.value / theirs;
          rows.push({ ...mine, against, ratio: Math.round(better * 100) / 100 });
        }
      }
      for (const other of others) rows.push(row(other));
    }
    return rows;
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The machine in one line, with what else it was doing. */
export function machine(): string {
  const cpus = os.cpus();
  const memory = Math.round(os.totalmem() / 2 ** 30);
  const load = os.loadavg()[0]!.toFixed(1);
  return `${cpus.length} × ${
    cpus[0]?.model ?? "?"
  }, ${memory} GiB, ${os.type()} ${os.release()}, load ${load}`;
}

export function printTable({ bench, machine, versions, rows }: BenchReport): void {
  console.log(`${bench} on ${machine}`);
  for (const [name, version] of Object.entries(versions)) console.log(`  ${name}: ${version}`);
  const lines = rows.map((row) => [
    row.metric,
    row.subject,
    `${show(row.value)} ${row.unit}`,
    `${show(row.min)}–${show(row.max)}`,
    row.against ? `${row.ratio} × ${row.against}` : "",
  ]);
  const head = ["metric", "subject", "median", "spread", "better than"];
  const widths = head.map((title, i) => Math.max(title.length, ...lines.map((l) => l[i]!.length)));
  for (const line of [head, ...lines]) {
    console.log(line.map((cell, i) => cell.padEnd(widths[i]!)).join("  ").trimEnd());
  }
}

const show = (value: number): string =>
  value >= 1000 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
