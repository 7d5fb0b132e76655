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
import type { AnyDefinition } from "./definition.ts";
import { recoverJobs } from "./recovery.ts";

/** A worker's right to work, proven in every one of its commits by `fence`. */
export interface Session {
  readonly worker: string;
  /** Fails the commit once somebody took this worker's shards over. */
  readonly fence: Check;
}

/** What was found of workers that are gone. */
export interface Recovery {
  workers: number;
  /** Jobs that they may have been running. */
  interrupted: number;
  /** Those of them that took a process down once too often. */
  deadLetters: number;
}

export interface TakeOver {
  db: Database;
  log: Logger;
  worker: string;
  queues: readonly string[];
  /** Milliseconds UTC. */
  now: number;
  definitions: ReadonlyMap<string, AnyDefinition>;
}

/**
 * Starts a session that owns every shard, ending all others. Right only while the caller holds the
 * exclusive lock of the database's folder: whoever had a session before is dead.
 */
export async function takeOverAll(
  options: TakeOver,
): Promise<{ session: Session; recovery: Recovery }> {
  const { db, worker, queues, now, log, definitions } = options;
  let workers = 0;
  // First the sessions, so that nobody can commit any more; then the jobs, by their markers alone,
  // so that a start that is killed in between is finished by the next.
  for await (const { key } of db.kv.list({ prefix: allSessionsPrefix })) {
    await db.commit(new WriteSet().delete(key).delete(heartbeatKey(String(key.at(-1)))));
    workers++;
  }
  const recovery = { workers, ...await recoverJobs({ db, log, now, definitions }) };
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
