import { z } from "zod";
import {
  cancelTurnsOf,
  type EraseDeps,
  eraseUser,
  unapplied,
} from "../lib/conversations/erase_user.ts";
import { complete, declareJob, handleJob, type JobDefinition } from "../lib/jobs/definition.ts";
import type { JobEngine } from "../lib/jobs/engine.ts";

const payload = z.object({ hash: z.string() });

/** Erases a user, known by a keyed hash alone, so that the task does not tell who it was. */
export const eraseUserJob = declareJob<z.infer<typeof payload>>({
  kind: "erase_user",
  queue: "maintenance",
  payload,
  priority: 1,
  timeoutMs: 60 * 60_000,
});

export interface EraseWorkerDeps extends EraseDeps {
  /** Overwrites what deleted records have left in the database's file; false: not yet. */
  overwriteFreed(): Promise<boolean>;
}

export function eraseUserWorker(deps: EraseWorkerDeps): JobDefinition<z.infer<typeof payload>> {
  return handleJob(eraseUserJob, {
    async perform({ payload: { hash }, signal, progress }) {
      const done = await eraseUser(deps, hash, {
        signal,
        progress: (looked) => progress(0, `${looked} records looked at`),
      });
      return complete({ ...done, overwritten: await deps.overwriteFreed() });
    },
  });
}

/** Remembers that a user is to be erased, and queues it; returns the task. */
export async function requestErasure(
  { erasures, engine }: { erasures: EraseDeps["erasures"]; engine: JobEngine },
  userId: string,
): Promise<string> {
  const hash = erasures.hash(userId);
  await erasures.add(hash);
  return await engine.enqueue(eraseUserJob, { hash }, { uniqueKey: `erase:${hash}` });
}

/**
 * Erases again whom a restore brought back, and goes on with erasures that were given up. Before
 * `start`, which lets this process work, their turns that wait are cancelled; they are asked for only
 * after it, since it is what finds out that an erasure has taken its process down too often.
 * Returns how many they are.
 */
export async function startWithErasures(
  { db, erasures, engine }: Pick<EraseDeps, "db" | "erasures"> & { engine: JobEngine },
  start: () => Promise<unknown>,
): Promise<number> {
  const missing = await unapplied(db, erasures);
  if (missing.length > 0) await cancelTurnsOf({ db, erasures, engine }, new Set(missing));
  await start();
  for (const hash of missing) {
    await engine.enqueue(eraseUserJob, { hash }, { uniqueKey: `erase:${hash}` });
  }
  return missing.length;
}
