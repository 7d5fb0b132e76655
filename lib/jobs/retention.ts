import { sweepBatches } from "./batch_view.ts";
import { sweepFlows } from "./flow_sweep.ts";
import { counterValue } from "../kv/counter.ts";
import type { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import type { JobRecord } from "./job.ts";
import { type PackedRecord, unpackRecord } from "./job_codec.ts";
import { segmentOf, suffixOf } from "./job_id.ts";
import type { Level } from "./job_list.ts";
import { levelRange, openPrefix, ratesPrefix } from "./keys.ts";
import { forgetOnce } from "./once.ts";
import { writeJob } from "./store.ts";
import { staleUniqueKeys } from "./unique.ts";

/** How long ended jobs are kept, milliseconds. */
export interface Retention {
  completedMs: number;
  cancelledMs: number;
  failedMs: number;
}

const BATCH = 150;
const RATE_IDLE_MS = 86_400_000;
const SEGMENT_AGE_US = 3_600_000_000;

/**
 * Deletes ended jobs that have been kept long enough, oldest turns first, in small commits; the
 * counters of segments that are empty and past; and, some in each call, batches and flows that are
 * over and as old as dead letters get. Resolves with how many jobs went.
 */
export async function sweepJobs(
  db: Database,
  levels: readonly Level[],
  retention: Retention,
  now: number,
  options: { limit: number; signal?: AbortSignal; progress?: (deleted: number) => void },
): Promise<number> {
  const keptAtLeast = Math.min(retention.completedMs, retention.cancelledMs, retention.failedMs);
  let deleted = 0;
  for (const { queue, shard, priority } of levels) {
    const range = levelRange({ queue, shard, priority });
    let tx = new WriteSet();
    let inBatch = 0;
    for await (const entry of db.kv.list<PackedRecord>(range, { batchSize: 500 })) {
      options.signal?.throwIfAborted();
      const record = unpackRecord(entry.value);
      if (record.queuedAt > now - keptAtLeast || deleted + inBatch >= options.limit) break;
      if (!isExpired(record, retention, now)) continue;
      // A retry may revive it at this moment, hence the check.
      tx.check(entry.key, entry.versionstamp);
      const id = String(entry.key.at(-1));
      writeJob(tx, { queue, shard, priority, suffix: suffixOf(id) }, record, null);
      if (record.remembers) await forgetOnce(db.kv, tx, id);
      if (++inBatch < Math.min(BATCH, db.maxChecks)) continue;
      if (await db.commit(tx)) deleted += inBatch;
      tx = new WriteSet();
      inBatch = 0;
      options.progress?.(deleted);
    }
    if (inBatch > 0 && await db.commit(tx)) deleted += inBatch;
    await sweepSegments(db, queue, shard, priority, now);
  }
  for (const { key, versionstamp } of await staleUniqueKeys(db.kv, now, 5_000)) {
    await db.commit(new WriteSet().check(key, versionstamp).delete(key));
  }
  for await (const entry of db.kv.list<number>({ prefix: ratesPrefix }, { limit: 5_000 })) {
    // A bucket that has long been full says what none would.
    if (entry.value > now - RATE_IDLE_MS) continue;
    await db.commit(new WriteSet().check(entry.key, entry.versionstamp).delete(entry.key));
  }
  const groupsBefore = now - retention.failedMs;
  await sweepBatches(db, groupsBefore);
  await sweepFlows(db, groupsBefore);
  return deleted;
}

function isExpired(record: JobRecord, retention: Retention, now: number): boolean {
  if (record.finishedAt === undefined) return false;
  const kept = record.state === "failed"
    ? retention.failedMs
    : record.state === "cancelled"
    ? retention.cancelledMs
    : retention.completedMs;
  return record.finishedAt <= now - kept;
}

/** Segments an hour past get no new jobs; when empty, their counter says nothing any more. */
async function sweepSegments(
  db: Database,
  queue: string,
  shard: number,
  priority: number,
  now: number,
): Promise<void> {
  const prefix = openPrefix(queue, shard, priority);
  const past = Math.max(0, now * 1000 - SEGMENT_AGE_US).toString(36).padStart(11, "0");
  const range = { start: [...prefix, ""], end: [...prefix, segmentOf(past)] };
  const empty: { key: Deno.KvKey; versionstamp: string }[] = [];
  for await (const { key, value, versionstamp } of db.kv.list(range, { limit: 5_000 })) {
    if (counterValue(value) === 0) empty.push({ key, versionstamp });
  }
  for (const { key, versionstamp } of empty) {
    await db.commit(new WriteSet().check(key, versionstamp).delete(key));
  }
}
