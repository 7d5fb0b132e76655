import { readMany } from "../kv/read_many.ts";
import { parseJobId } from "./job_id.ts";
import { type PackedRecord, unpackRecord } from "./job_codec.ts";
import { heartbeatKey, jobKey, runPrefix, shardKey } from "./keys.ts";
import { readLevel } from "./shard_reader.ts";

const SHARD = 0;
/** Jobs that a worker has in its hands and that are looked at; what comes after them is not told. */
const MAX_IN_HAND = 500;

/** What can be told of a queue that this process does not serve. */
export interface Elsewhere {
  /** Jobs that a living worker has claimed and not ended. */
  running: number;
  /** When the first in turn of the jobs that could run was queued; null when none waits. */
  oldestQueuedAt: number | null;
}

/**
 * What the records tell of a queue whose worker is another process, or nobody: a process that serves
 * a queue knows more, from memory. `available` is the number of jobs that could run, by priority;
 * without any nothing is read.
 */
export async function readElsewhere(
  kv: Deno.Kv,
  queue: string,
  available: Record<number, number>,
  now: number,
): Promise<Elsewhere> {
  const levels = Object.keys(available).map(Number).filter((level) => available[level]! > 0);
  if (levels.length === 0) return { running: 0, oldestQueuedAt: null };
  const inHand = await idsInHand(kv, queue, now);
  const found = await Promise.all(levels.map((level) => firstWaiting(kv, queue, level, inHand)));
  const waiting = found.filter((at) => at !== null);
  return {
    running: await countOpen(kv, [...inHand]),
    oldestQueuedAt: waiting.length > 0 ? Math.min(...waiting) : null,
  };
}

/** What the owner of the queue has claimed; nothing when it has fallen silent. */
async function idsInHand(kv: Deno.Kv, queue: string, now: number): Promise<Set<string>> {
  const ids = new Set<string>();
  const { value: owner } = await kv.get<string>(shardKey(queue, SHARD));
  if (owner === null) return ids;
  if (((await kv.get<number>(heartbeatKey(owner))).value ?? 0) <= now) return ids;
  for await (const { value } of kv.list<{ ids: string[] }>({ prefix: runPrefix(owner) })) {
    for (const id of value.ids) {
      if (parseJobId(id)?.queue === queue) ids.add(id);
      if (ids.size >= MAX_IN_HAND) return ids;
    }
  }
  return ids;
}

async function firstWaiting(
  kv: Deno.Kv,
  queue: string,
  level: number,
  inHand: ReadonlySet<string>,
): Promise<number | null> {
  let cursor = "";
  for (;;) {
    const page = await readLevel(kv, queue, SHARD, level, cursor, inHand.size + 1);
    const first = page.jobs.find((job) => !inHand.has(job.id));
    if (first) return first.record.queuedAt;
    if (page.complete) return null;
    cursor = page.cursor;
  }
}

/** How many of these jobs have not ended. */
async function countOpen(kv: Deno.Kv, ids: readonly string[]): Promise<number> {
  const packed = await readMany<PackedRecord>(kv, ids.map(jobKey));
  return packed.filter((job) => job !== null && unpackRecord(job).finishedAt === undefined).length;
}
