import { counterValue } from "../kv/counter.ts";
import type { WriteSet } from "../kv/write_set.ts";
import type { Job, JobRecord } from "./job.ts";
import { type PackedRecord, packRecord, unpackRecord } from "./job_codec.ts";
import { formatJobId, type JobAddress, parseJobId } from "./job_id.ts";
import {
  batchCountKey,
  deadKey,
  depthKey,
  depthPrefix,
  jobKey,
  openKey,
  timerKey,
  uniqueKey,
} from "./keys.ts";

/** A job as read, with the versionstamp that a later change checks. */
export interface StoredJob {
  address: JobAddress;
  record: JobRecord;
  versionstamp: string;
}

/**
 * Adds a job's change to `tx`: its record and every index and counter that follows from it. The
 * only place that writes job records, so counters are right because nobody can forget them.
 * `from` is null for a new job, `to` null for one that is removed.
 */
export function writeJob(
  tx: WriteSet,
  address: JobAddress,
  from: JobRecord | null,
  to: JobRecord | null,
): void {
  const { queue, priority } = address;
  const id = formatJobId(address);
  if (from) {
    if (from.state === "available") tx.sum(openKey(address), -1);
    else if (from.runAt !== undefined) tx.delete(timerKey(from.runAt, address));
    if (from.state === "failed") {
      tx.delete(deadKey(queue, from.finishedAt ?? 0, id));
    }
    if (from.state !== to?.state) tx.sum(depthKey(queue, from.state, priority), -1);
  }
  if (!to) {
    tx.delete(jobKey(id));
    return;
  }
  tx.set(jobKey(id), packRecord(to));
  if (to.state === "available") tx.sum(openKey(address), 1);
  else if (to.runAt !== undefined) tx.set(timerKey(to.runAt, address), 1);
  if (to.state === "failed") tx.set(deadKey(queue, to.finishedAt ?? 0, id), 1);
  if (from?.state !== to.state) tx.sum(depthKey(queue, to.state, priority), 1);
  if (to.batchId && (from?.finishedAt === undefined) !== (to.finishedAt === undefined)) {
    if (to.finishedAt !== undefined) tx.sum(batchCountKey(to.batchId, to.state), 1);
    else if (from) tx.sum(batchCountKey(to.batchId, from.state), -1);
  }
  if (to.uniqueKey && to.finishedAt !== undefined) tx.delete(uniqueKey(queue, to.uniqueKey));
}

/** Reads a job by its id; null when the id is none of ours or the job is no longer kept. */
export async function readJob(kv: Pick<Deno.Kv, "get">, id: string): Promise<StoredJob | null> {
  const address = parseJobId(id);
  if (!address) return null;
  const entry = await kv.get<PackedRecord>(jobKey(id));
  if (entry.value === null) return null;
  return { address, record: unpackRecord(entry.value), versionstamp: entry.versionstamp };
}

/** A stored record with what its key says. */
export function toJob(address: JobAddress, record: JobRecord): Job {
  return {
    ...record,
    id: formatJobId(address),
    queue: address.queue,
    priority: address.priority,
  };
}

/** Jobs of a queue by state and priority, as the counters have it. */
export async function readDepth(
  kv: Deno.Kv,
  queue: string,
): Promise<Record<string, Record<number, number>>> {
  const depth: Record<string, Record<number, number>> = {};
  for await (const { key, value } of kv.list({ prefix: depthPrefix(queue) })) {
    const [, , , state, priority] = key as [string, string, string, string, number];
    (depth[state] ??= {})[priority] = counterValue(value);
  }
  return depth;
}
