import type { Database } from "../kv/database.ts";
import { sweepBefore } from "../kv/sweep.ts";
import { WriteSet } from "../kv/write_set.ts";
import { type HistoryRecord, hourOf } from "./history_record.ts";

export type Granularity = "minute" | "hour";

export const STEP_MS: Record<Granularity, number> = { minute: 60_000, hour: 3_600_000 };
/** How many records of each kind are kept by default: 48 hours of minutes, 400 days of hours. */
export const KEPT: Record<Granularity, number> = { minute: 48 * 60, hour: 400 * 24 };

/** How far the durable counters had come when they were last read. */
export interface Baseline {
  completed: number;
  failed: number;
}

const BASELINE_KEY = ["health", "baseline"];
const prefix = (granularity: Granularity): Deno.KvKey => ["health", granularity];

/** The records of minutes and hours in KV: `["health", "minute" | "hour", number since the epoch]`. */
export class HistoryStore {
  constructor(readonly db: Database, readonly kept: Record<Granularity, number> = KEPT) {}

  /** Writes the record of a minute, and with it the one of its hour so far. */
  async put(minute: number, record: HistoryRecord, baseline: Baseline): Promise<void> {
    const hour = Math.floor(minute / 60);
    const minutes = await this.list("minute", hour * 60, (hour + 1) * 60);
    const others = minutes.filter((other) => other.index !== minute).map((other) => other.record);
    await this.db.commit(
      new WriteSet()
        .set([...prefix("minute"), minute], record)
        .set([...prefix("hour"), hour], hourOf([...others, record]))
        .set(BASELINE_KEY, baseline),
    );
  }

  async baseline(): Promise<Baseline | null> {
    return (await this.db.kv.get<Baseline>(BASELINE_KEY)).value;
  }

  /** Records with from ≤ index < to, oldest first; at most as many as are kept. */
  async list(
    granularity: Granularity,
    from: number,
    to: number,
  ): Promise<{ index: number; record: HistoryRecord }[]> {
    if (!(to > from)) return [];
    const start = [...prefix(granularity), Math.max(from, to - this.kept[granularity])];
    const found: { index: number; record: HistoryRecord }[] = [];
    const range = { start, end: [...prefix(granularity), to] };
    for await (const entry of this.db.kv.list<HistoryRecord>(range, { batchSize: 500 })) {
      found.push({ index: entry.key.at(-1) as number, record: entry.value });
    }
    return found;
  }

  /** Deletes what has outlived its time; bounded, so that a call never stalls the database. */
  async sweep(now: number): Promise<number> {
    let deleted = 0;
    for (const granularity of ["minute", "hour"] as const) {
      const oldest = Math.floor(now / STEP_MS[granularity]) - this.kept[granularity];
      deleted += await sweepBefore(this.db, prefix(granularity), oldest);
    }
    return deleted;
  }
}
