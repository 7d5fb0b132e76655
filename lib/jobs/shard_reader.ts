import { counterValue } from "../kv/counter.ts";
import { type PackedRecord, unpackRecord } from "./job_codec.ts";
import { formatJobId, segmentOf, suffixOf } from "./job_id.ts";
import { levelRange, openPrefix, timerPrefix } from "./keys.ts";
import type { ReadyJob } from "./ready_set.ts";
import { readJob } from "./store.ts";

/** Segments looked at in one read; more are found by the next. */
const MAX_SEGMENTS = 500;
/** Sorts behind every suffix. */
const END = "\uffff";

export interface LevelPage {
  jobs: ReadyJob[];
  /** Suffix up to which everything has been read. */
  cursor: string;
  /** True when nothing open lies behind the cursor. */
  complete: boolean;
}

/**
 * Reads the available jobs of one level behind `cursor`, in their order, at most `limit`. Only
 * segments whose counter of open jobs is above zero are touched, so finished history costs nothing.
 */
export async function readLevel(
  kv: Deno.Kv,
  queue: string,
  shard: number,
  priority: number,
  cursor: string,
  limit: number,
): Promise<LevelPage> {
  const prefix = openPrefix(queue, shard, priority);
  const segments: string[] = [];
  const counters = kv.list({
    start: [...prefix, segmentOf(cursor)],
    end: [...prefix, END],
  }, { limit: MAX_SEGMENTS });
  let seen = 0;
  let lastSegment = "";
  for await (const { key, value } of counters) {
    seen++;
    lastSegment = String(key.at(-1));
    if (counterValue(value) > 0) segments.push(lastSegment);
  }
  const level = { queue, shard, priority };
  const jobs: ReadyJob[] = [];
  let position = cursor;
  for (const segment of segments) {
    const from = position > segment ? position + "\0" : segment;
    const range = levelRange(level, from, segment + END);
    for await (const { key, value } of kv.list<PackedRecord>(range, { batchSize: 500 })) {
      const id = String(key.at(-1));
      position = suffixOf(id);
      const record = unpackRecord(value);
      if (record.state !== "available") continue;
      jobs.push({ id, address: { queue, shard, priority, suffix: position }, record });
      if (jobs.length >= limit) return { jobs, cursor: position, complete: false };
    }
  }
  if (seen < MAX_SEGMENTS) return { jobs, cursor: position, complete: true };
  return { jobs, cursor: lastSegment + END, complete: false };
}

export interface DueJob extends ReadyJob {
  runAt: number;
}

/** Position in the timer index of a shard. */
export interface TimerCursor {
  runAt: number;
  priority: number;
  suffix: string;
}

/** Before every timer. */
export const TIMER_START: TimerCursor = { runAt: 0, priority: 0, suffix: "" };

export interface TimerPage {
  due: DueJob[];
  cursor: TimerCursor;
  /** When the first job behind the due ones is due; null when there is none. */
  nextAt: number | null;
  /** More is due than was read. */
  more: boolean;
}

/** Reads the jobs of a shard that fell due up to `now`, behind `cursor`, at most `limit`. */
export async function readTimers(
  kv: Deno.Kv,
  queue: string,
  shard: number,
  cursor: TimerCursor,
  now: number,
  limit: number,
): Promise<TimerPage> {
  const prefix = timerPrefix(queue, shard);
  const page: TimerPage = { due: [], cursor, nextAt: null, more: false };
  const entries = kv.list({
    start: [...prefix, cursor.runAt, cursor.priority, cursor.suffix + "\0"],
    end: [...prefix, Infinity],
  }, { limit: limit + 1, batchSize: Math.min(limit + 1, 500) });
  const found: TimerCursor[] = [];
  for await (const { key } of entries) {
    const [runAt, priority, suffix] = key.slice(-3) as [number, number, string];
    if (runAt > now) {
      page.nextAt = runAt;
      break;
    }
    if (found.length === limit) {
      page.more = true;
      break;
    }
    found.push({ runAt, priority, suffix });
  }
  const jobs = await Promise.all(found.map(({ priority, suffix }) => {
    const address = { queue, shard, priority, suffix };
    return readJob(kv, formatJobId(address));
  }));
  jobs.forEach((job, index) => {
    const at = found[index]!;
    // The index may be a moment ahead of a change under way; the record decides.
    if (job?.record.runAt === at.runAt && job.record.finishedAt === undefined) {
      page.due.push({
        id: formatJobId(job.address),
        address: job.address,
        record: job.record,
        runAt: at.runAt,
      });
    }
  });
  page.cursor = found.at(-1) ?? cursor;
  return page;
}

/** The suffix stored last in a level, for lining new jobs up behind it; null for an empty level. */
export async function lastSuffix(
  kv: Deno.Kv,
  queue: string,
  shard: number,
  priority: number,
): Promise<string | null> {
  const range = levelRange({ queue, shard, priority });
  for await (const { key } of kv.list(range, { reverse: true, limit: 1 })) {
    return suffixOf(String(key.at(-1)));
  }
  return null;
}
