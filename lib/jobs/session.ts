import { AppError } from "../errors.ts";
import type { Database } from "../kv/database.ts";
import { type Check, WriteSet } from "../kv/write_set.ts";
import type { Logger } from "../log.ts";
import {
  allSessionsPrefix,
  allShardsPrefix,
  heartbeatKey,
  runPrefix,
  sessionKey,
  shardKey,
} from "./keys.ts";
import { readJob, writeJob } from "./store.ts";
import { decide } from "./transition.ts";
import { exponential } from "./backoff.ts";

/** A worker's right to work, proven in every one of its commits by `fence`. */
export interface Session {
  readonly worker: string;
  /** Fails the commit once somebody took this worker's shards over. */
  readonly fence: Check;
}

/** Jobs found on board of workers that are gone. */
export interface Recovery {
  workers: number;
  interrupted: number;
  deadLetters: number;
}

/**
 * Starts a session that owns every shard, ending all others. Right only while the caller holds the
 * exclusive lock of the database's folder: whoever had a session before is dead.
 */
export async function takeOverAll(
  db: Database,
  worker: string,
  queues: readonly string[],
  now: number,
  log: Logger,
): Promise<{ session: Session; recovery: Recovery }> {
  const recovery: Recovery = { workers: 0, interrupted: 0, deadLetters: 0 };
  for await (const { key } of db.kv.list({ prefix: allSessionsPrefix })) {
    const dead = String(key.at(-1));
    await db.commit(new WriteSet().delete(key).delete(heartbeatKey(dead)));
    const found = await recoverWorker(db, dead, now);
    recovery.workers++;
    recovery.interrupted += found.interrupted;
    recovery.deadLetters += found.deadLetters;
  }
  const tx = new WriteSet().set(sessionKey(worker), { startedAt: now });
  for await (const { key } of db.kv.list({ prefix: allShardsPrefix })) tx.delete(key);
  for (const queue of queues) tx.set(shardKey(queue, 0), worker);
  await db.commit(tx);
  const entry = await db.kv.get(sessionKey(worker));
  if (entry.versionstamp === null) throw new AppError("internal", "the worker's session is gone");
  if (recovery.interrupted > 0) {
    log.warn("took over the tasks of a process that died", { ...recovery });
  }
  return {
    session: { worker, fence: { key: sessionKey(worker), versionstamp: entry.versionstamp } },
    recovery,
  };
}

/** Ends a session in good order: nothing of it is left to recover. */
export async function endSession(db: Database, session: Session): Promise<void> {
  const tx = new WriteSet().delete(session.fence.key).delete(heartbeatKey(session.worker));
  for await (const { key } of db.kv.list({ prefix: runPrefix(session.worker) })) tx.delete(key);
  await db.commit(tx);
}

/** Counts a crash against every job that a dead worker may have been running. */
async function recoverWorker(
  db: Database,
  worker: string,
  now: number,
): Promise<{ interrupted: number; deadLetters: number }> {
  let interrupted = 0;
  let deadLetters = 0;
  for await (const { key, value } of db.kv.list<{ ids: string[] }>({ prefix: runPrefix(worker) })) {
    const tx = new WriteSet().delete(key);
    for (const id of value.ids) {
      const job = await readJob(db.kv, id);
      if (!job || job.record.finishedAt !== undefined) continue;
      const next = decide(job.record, { type: "crashed" }, now, {
        backoff: exponential(),
        random: Math.random,
        worker,
      });
      interrupted++;
      if (next.state === "failed") deadLetters++;
      writeJob(tx, job.address, job.record, next);
    }
    await db.commit(tx);
  }
  return { interrupted, deadLetters };
}
