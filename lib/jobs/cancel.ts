import type { Clock } from "../clock.ts";
import { conflict, notFound } from "../errors.ts";
import type { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import { exponential } from "./backoff.ts";
import type { AnyDefinition } from "./definition.ts";
import type { Job } from "./job.ts";
import { jobKey } from "./keys.ts";
import type { QueueRunner } from "./queue_runner.ts";
import { readJob, toJob, writeJob } from "./store.ts";
import { decide } from "./transition.ts";

/**
 * Cancels a job that is not running, with its domain's side in the same atomic, and gives it as it
 * is then. Null when it changed meanwhile: look again. Throws AppError `not_found`, or `conflict` when it has ended.
 */
export async function cancelWaiting(
  { db, clock }: { db: Database; clock: Clock },
  definitions: ReadonlyMap<string, AnyDefinition>,
  runner: QueueRunner | undefined,
  id: string,
  reason: string,
): Promise<Job | null> {
  const stored = await readJob(db.kv, id);
  if (!stored) throw notFound(`there is no task ${id}`);
  const { address, record } = stored;
  if (record.finishedAt !== undefined) {
    throw conflict(`task ${id} has already ended: it is ${record.state}`);
  }
  if (runner?.running.has(id)) return null;
  // Taken out of memory first, so that it cannot start while it is being cancelled.
  const withdrawn = runner?.withdraw(id, address.priority);
  if (!withdrawn && runner?.claiming(id)) return null;
  if (!withdrawn) runner?.backlog.block(id);
  let committed = false;
  const next = decide(record, { type: "cancelled", reason }, clock.now(), {
    backoff: exponential(),
    random: Math.random,
  });
  try {
    const tx = new WriteSet().check(jobKey(id), stored.versionstamp);
    writeJob(tx, address, record, next);
    await definitions.get(record.kind)?.settle?.(tx, toJob(address, next), {
      state: "cancelled",
      error: { code: "cancelled", message: reason },
    });
    committed = await db.commit(tx);
  } finally {
    if (!withdrawn) runner?.backlog.unblock(id, committed);
    else if (!committed) runner!.restore(withdrawn);
    else {
      runner!.backlog.forget(id);
      if (withdrawn.claim) await runner!.releaseNow(withdrawn.claim);
    }
  }
  return committed ? toJob(address, next) : null;
}
