import { bump, type CountDelta } from "../kv/counts.ts";
import type { WriteSet } from "../kv/write_set.ts";
import { rollupKey, totalsKey } from "./keys.ts";
import {
  BOTS_A_CHUNK,
  COUNTERS_END,
  HOUR_STRIDE,
  HourMetric,
  HOURS,
  Metric,
  STRIDE,
} from "./metrics.ts";
import { periodOf, quarterOf, QUARTERS_A_DAY } from "./periods.ts";

/** Chunks of one quarter hour in a number; more bots than this cannot be. */
const CHUNKS = 2 ** 20;

/**
 * Collects what happened, by bot and quarter hour, and adds it to the rollups of 15 minutes. Days,
 * months and totals follow from what changed there, once for all that is committed together.
 */
export class Rollup {
  readonly #cells = new Map<number, Map<number, number>>();

  /** Counts `by` of a metric (or histogram bucket) for a bot at an instant. */
  count(at: number, bot: number, field: number, by = 1): void {
    const cell = quarterOf(at) * CHUNKS + Math.floor(bot / BOTS_A_CHUNK);
    let delta = this.#cells.get(cell);
    if (!delta) this.#cells.set(cell, delta = new Map());
    bump(delta, (bot % BOTS_A_CHUNK) * STRIDE + field, by);
  }

  addTo(tx: WriteSet): void {
    for (const { quarter, chunk, delta } of this.cells()) {
      tx.add(
        rollupKey("quarter", quarter, chunk),
        delta,
        (change, more) => spread(quarter, chunk, change.delta, more),
      );
    }
  }

  /** What was counted, by quarter hour and chunk of bots. */
  *cells(): Generator<{ quarter: number; chunk: number; delta: CountDelta }> {
    for (const [cell, delta] of this.#cells) {
      const quarter = Math.floor(cell / CHUNKS);
      yield { quarter, chunk: cell - quarter * CHUNKS, delta };
    }
  }
}

/** Carries a change of a 15-minute rollup on to the day, the month and the totals. */
function spread(quarter: number, chunk: number, delta: CountDelta, more: WriteSet): void {
  const day = Math.floor(quarter / QUARTERS_A_DAY);
  const counters = new Map<number, number>();
  const totals = new Map<number, number>([[Metric.version, 1]]);
  for (const [field, by] of delta) {
    const metric = field % STRIDE;
    if (metric >= COUNTERS_END) continue;
    counters.set(field, by);
    bump(totals, metric, by);
  }
  more.add(rollupKey("day", day, chunk), delta);
  more.add(rollupKey("month", periodOf("month", day), chunk), counters);
  for (const [field, by] of hoursOf(quarter, totals)) totals.set(field, by);
  more.add(totalsKey("day", day), totals);
}

const PLACES = Object.entries(HourMetric).map(([name, place]) =>
  [Metric[name as keyof typeof HourMetric], place] as const
);

/** The part of a quarter hour's totals that the totals of its day keep apart. */
export function hoursOf(quarter: number, totals: CountDelta): Map<number, number> {
  const base = HOURS + (quarter % QUARTERS_A_DAY) * HOUR_STRIDE;
  const hours = new Map<number, number>();
  for (const [metric, place] of PLACES) {
    const by = totals.get(metric);
    if (by) hours.set(base + place, by);
  }
  return hours;
}
