import { bump } from "../kv/counts.ts";
import type { WriteSet } from "../kv/write_set.ts";
import { rollupKey, totalsKey } from "./keys.ts";
import { BOTS_A_CHUNK, COUNTERS_END, Metric, STRIDE } from "./metrics.ts";
import { periodOf, quarterOf, QUARTERS_A_DAY } from "./periods.ts";

type Delta = Map<number, number>;
/** Chunks of one quarter hour in a number; more bots than this cannot be. */
const CHUNKS = 2 ** 20;

/**
 * Collects what happened, by bot and quarter hour, and adds it to the rollups of 15 minutes, day
 * and month and to the totals of 15 minutes, day, week and month.
 */
export class Rollup {
  readonly #cells = new Map<number, Delta>();
  readonly #totals = new Map<number, Delta>();

  /** Counts `by` of a metric (or histogram bucket) for a bot at an instant. */
  count(at: number, bot: number, field: number, by = 1): void {
    const quarter = quarterOf(at);
    const cell = quarter * CHUNKS + Math.floor(bot / BOTS_A_CHUNK);
    bump(entry(this.#cells, cell), (bot % BOTS_A_CHUNK) * STRIDE + field, by);
    const totals = entry(this.#totals, quarter);
    if (totals.size === 0) totals.set(Metric.version, 1);
    if (field < COUNTERS_END) bump(totals, field, by);
  }

  addTo(tx: WriteSet): void {
    const chunkOf = (cell: number) => cell - Math.floor(cell / CHUNKS) * CHUNKS;
    const quarterOfCell = (cell: number) => Math.floor(cell / CHUNKS);
    const days = group(
      this.#cells,
      (cell) => dayOfQuarter(quarterOfCell(cell)) * CHUNKS + chunkOf(cell),
    );
    const months = group(
      days,
      (cell) => periodOf("month", quarterOfCell(cell)) * CHUNKS + chunkOf(cell),
    );
    for (
      const [kind, cells] of [
        ["quarter", this.#cells],
        ["day", days],
        ["month", months],
      ] as const
    ) {
      for (const [cell, delta] of cells) {
        tx.add(rollupKey(kind, quarterOfCell(cell), chunkOf(cell)), delta);
      }
    }
    const totalDays = group(this.#totals, dayOfQuarter);
    for (const [quarter, delta] of this.#totals) tx.add(totalsKey("quarter", quarter), delta);
    for (const kind of ["day", "week", "month"] as const) {
      for (const [n, delta] of group(totalDays, (day) => periodOf(kind, day))) {
        tx.add(totalsKey(kind, n), delta);
      }
    }
  }
}

/** The day of an instant's quarter hour. */
const dayOfQuarter = (quarter: number): number => Math.floor(quarter / QUARTERS_A_DAY);

function entry(map: Map<number, Delta>, key: number): Delta {
  let delta = map.get(key);
  if (!delta) map.set(key, delta = new Map());
  return delta;
}

/** Deltas added up by a coarser key. One that stays alone is passed on as it is, not copied. */
function group(cells: Map<number, Delta>, keyOf: (key: number) => number): Map<number, Delta> {
  const groups = new Map<number, Delta>();
  const own = new Set<Delta>();
  for (const [key, delta] of cells) {
    const coarse = keyOf(key);
    let sum = groups.get(coarse);
    if (!sum) {
      groups.set(coarse, delta);
      continue;
    }
    if (!own.has(sum)) {
      sum = new Map(sum);
      own.add(sum);
      groups.set(coarse, sum);
    }
    for (const [field, by] of delta) bump(sum, field, by);
  }
  return groups;
}
