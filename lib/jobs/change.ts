import { AppError, conflict, notFound } from "../errors.ts";
import type { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import type { AnyDefinition } from "./definition.ts";
import type { JobRecord } from "./job.ts";
import { jobKey } from "./keys.ts";
import { forgetOnce } from "./once.ts";
import type { ReadyJob } from "./ready_set.ts";
import { readJob, type StoredJob, toJob, writeJob } from "./store.ts";
import { retakeUnique } from "./unique.ts";

const MAX_TRIES = 20;
/** Due whatever the clock says: one that is wrong now and set right later must not hold the job up. */
const AT_ONCE = 0;

export interface ChangeDeps {
  db: Database;
  definitions: ReadonlyMap<string, AnyDefinition>;
  /** The job is durable and due. */
  arrived: (job: ReadyJob) => void;
}

/**
 * Puts a failed or cancelled job back, due at once, with all its attempts. Throws AppError
 * `not_found`, or `conflict` when it is in another state or its unique key is taken.
 */
export async function reviveJob(deps: ChangeDeps, id: string): Promise<void> {
  const { db, definitions, arrived } = deps;
  await changeJob(db, id, async (tx, { address, record, versionstamp }) => {
    if (record.state !== "failed" && record.state !== "cancelled") {
      throw conflict(`task ${id} is ${record.state}; only failed and cancelled ones are retried`);
    }
    const { finishedAt: _f, reason: _r, crashes: _c, result: _v, ...rest } = record;
    const next: JobRecord = { ...rest, state: "scheduled", runAt: AT_ONCE, attempt: 0 };
    tx.check(jobKey(id), versionstamp);
    if (record.uniqueKey !== undefined) {
      await retakeUnique(db.kv, tx, address.queue, record.uniqueKey, id);
    }
    writeJob(tx, address, record, next);
    await definitions.get(record.kind)?.revive?.(tx, toJob(address, next));
    tx.afterCommit(() => arrived({ id, address, record: next }));
  });
}

/** Lets a retrying or scheduled job run now. Throws AppError `not_found` or `conflict`. */
export async function hastenJob(deps: ChangeDeps, id: string): Promise<void> {
  const { db, arrived } = deps;
  await changeJob(db, id, (tx, { address, record, versionstamp }) => {
    if (record.runAt === undefined || record.finishedAt !== undefined) {
      throw conflict(`task ${id} does not wait for a time`);
    }
    const next: JobRecord = { ...record, runAt: AT_ONCE };
    tx.check(jobKey(id), versionstamp);
    writeJob(tx, address, record, next);
    tx.afterCommit(() => arrived({ id, address, record: next }));
  });
}

/**
 * Releases a held job within somebody's atomic: it may run once that is committed. Nothing
 * happens when it has ended or was released before.
 */
export async function releaseJob(deps: ChangeDeps, tx: WriteSet, id: string): Promise<void> {
  const stored = await readJob(deps.db.kv, id);
  if (!stored?.record.heldBy || stored.record.finishedAt !== undefined) return;
  const { address, record, versionstamp } = stored;
  const { heldBy: _heldBy, ...rest } = record;
  const next: JobRecord = { ...rest, state: "scheduled", runAt: AT_ONCE };
  tx.check(jobKey(id), versionstamp);
  writeJob(tx, address, record, next);
  tx.afterCommit(() => deps.arrived({ id, address, record: next }));
}

/**
 * Deletes a dead letter or a cancelled job for good. Throws AppError `not_found`, or `conflict`
 * when it could still run.
 */
export async function discardJob(db: Database, id: string): Promise<void> {
  await changeJob(db, id, async (tx, { address, record, versionstamp }) => {
    if (record.finishedAt === undefined) {
      throw conflict(`task ${id} is ${record.state}; cancel it first`);
    }
    tx.check(jobKey(id), versionstamp);
    writeJob(tx, address, record, null);
    if (record.remembers) await forgetOnce(db.kv, tx, id);
  });
}

async function changeJob(
  db: Database,
  id: string,
  change: (tx: WriteSet, job: StoredJob) => void | Promise<void>,
): Promise<void> {
  for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
    const stored = await readJob(db.kv, id);
    if (!stored) throw notFound(`there is no task ${id}`);
    const tx = new WriteSet();
    await change(tx, stored);
    if (await db.commit(tx)) return;
  }
  throw new AppError("unavailable", `task ${id} is changing too fast; try again`, {
    retryAfterSeconds: 1,
  });
}
