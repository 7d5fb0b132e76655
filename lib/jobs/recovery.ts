import { AppError } from "../errors.ts";
import type { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import type { Logger } from "../log.ts";
import { exponential } from "./backoff.ts";
import type { AnyDefinition } from "./definition.ts";
import { warnOfFailure } from "./failure_log.ts";
import type { JobRecord } from "./job.ts";
import { allRunsPrefix, jobKey, runPrefix } from "./keys.ts";
import { readJob, toJob, writeJob } from "./store.ts";
import { decide } from "./transition.ts";

interface RecoveryOptions {
  db: Database;
  log: Logger;
  /** Milliseconds UTC. */
  now: number;
  definitions: ReadonlyMap<string, AnyDefinition>;
  /** Only what this worker left; everybody's when absent. */
  worker?: string;
}

/** Jobs changed in one commit: few, since each record may be large and needs a check. */
const BATCH = 8;
const MAX_TRIES = 20;

/**
 * Counts a crash against every job that a dead worker may have been running, as its run markers
 * say. A job that has now taken its process down too often becomes a dead letter, together with
 * its domain's side. May be interrupted at any point and called again: nothing counts twice.
 */
export async function recoverJobs(
  options: RecoveryOptions,
): Promise<{ interrupted: number; deadLetters: number }> {
  const found = { interrupted: 0, deadLetters: 0 };
  const markers = options.db.kv.list<{ ids: string[] }>({
    prefix: options.worker === undefined ? allRunsPrefix : runPrefix(options.worker),
  });
  for await (const { key, value } of markers) {
    for (let from = 0; from < value.ids.length; from += BATCH) {
      const batch = value.ids.slice(from, from + BATCH);
      const states = await recoverBatch(options, key, batch, value.ids.slice(from + BATCH));
      found.interrupted += states.length;
      found.deadLetters += states.filter((state) => state === "failed").length;
    }
  }
  return found;
}

/** Counts the crash against these jobs and leaves `rest` in the marker, in one commit. */
async function recoverBatch(
  { db, log, now, definitions }: RecoveryOptions,
  marker: Deno.KvKey,
  ids: readonly string[],
  rest: readonly string[],
): Promise<JobRecord["state"][]> {
  const worker = String(marker.at(-2));
  for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
    const tx = new WriteSet();
    const states: JobRecord["state"][] = [];
    for (const id of ids) {
      const job = await readJob(db.kv, id);
      if (!job || !mayHaveRun(job.record, now)) continue;
      const policy = { backoff: exponential(), random: Math.random, worker };
      const next = decide(job.record, { type: "crashed" }, now, policy);
      tx.check(jobKey(id), job.versionstamp);
      writeJob(tx, job.address, job.record, next);
      states.push(next.state);
      if (next.state !== "failed") continue;
      tx.afterCommit(() => warnOfFailure(log, id, job.address.queue, next));
      const error = next.errors!.at(-1)!;
      try {
        const side = new WriteSet();
        await definitions.get(next.kind)?.settle?.(side, toJob(job.address, next), {
          state: "failed",
          error: { code: "crashed", message: error.message },
        });
        tx.merge(side);
      } catch (error) {
        // One broken handler must not keep everything else from starting.
        log.error("a crashed task could not be settled with its domain", { task_id: id, error });
      }
    }
    if (rest.length > 0) tx.set(marker, { ids: rest });
    else tx.delete(marker);
    if (await db.commit(tx)) return states;
  }
  throw new AppError("unavailable", "the tasks of a dead process keep changing; start again");
}

/** A job that has ended, or waits for a time or for another, was not running. */
function mayHaveRun(record: JobRecord, now: number): boolean {
  return record.finishedAt === undefined && record.heldBy === undefined &&
    (record.runAt === undefined || record.runAt <= now);
}
