import { counterValue } from "../kv/counter.ts";
import type { Database } from "../kv/database.ts";
import { batchCountKey, batchDoneKey, batchesPrefix, batchKey, sweptKey } from "./keys.ts";
import { sweepInTurn } from "../kv/sweep_in_turn.ts";

/** A batch as it is stored. */
export interface BatchRecord {
  createdAt: number;
  total: number;
  /** All jobs of the batch are queued; before that it cannot be complete. */
  sealed: boolean;
  /** Queued when the last job has ended. */
  then?: { kind: string; queue: string; payload: unknown };
}

/** How far a batch of jobs is. */
export interface BatchView {
  id: string;
  total: number;
  completed: number;
  failed: number;
  cancelled: number;
  pending: number;
  createdAt: number;
  /** The job that was queued when the last one ended. */
  thenId?: string;
}

/** Batches looked at in one sweep. */
const MAX_SWEPT = 1_000;
/** So much longer is one kept whose jobs may still be queued. */
const SEALED_BY_THEN_MS = 86_400_000;

/** How far a batch is, or null when there is none. */
export async function batchView(kv: Deno.Kv, id: string): Promise<BatchView | null> {
  const [record, completed, failed, cancelled, done] = await kv.getMany<
    [BatchRecord, Deno.KvU64, Deno.KvU64, Deno.KvU64, string]
  >([
    batchKey(id),
    batchCountKey(id, "completed"),
    batchCountKey(id, "failed"),
    batchCountKey(id, "cancelled"),
    batchDoneKey(id),
  ]);
  if (!record.value) return null;
  const { total, createdAt } = record.value;
  const counts = {
    completed: counterValue(completed.value),
    failed: counterValue(failed.value),
    cancelled: counterValue(cancelled.value),
  };
  const pending = total - counts.completed - counts.failed - counts.cancelled;
  return {
    id,
    total,
    createdAt,
    ...counts,
    pending,
    ...(done.value ? { thenId: done.value } : {}),
  };
}

/**
 * Forgets batches made before an instant (milliseconds UTC) whose jobs have all ended, and those that
 * were still being queued when their process died, and says how many; looks at `MAX_SWEPT` in each call, and goes on with the next. Ended jobs that are retried
 * later belong to no batch then, so wait for as long as dead letters are kept.
 */
export function sweepBatches(db: Database, createdBefore: number): Promise<number> {
  return sweepInTurn<BatchRecord>(db, {
    prefix: batchesPrefix,
    cursorKey: sweptKey("batch"),
    limit: MAX_SWEPT,
    isOver: async ({ sealed, createdAt }, id) =>
      sealed
        ? createdAt < createdBefore && (await batchView(db.kv, id))?.pending === 0
        : createdAt < createdBefore - SEALED_BY_THEN_MS,
    remove(tx, id) {
      tx.delete(batchDoneKey(id));
      for (const state of ["completed", "failed", "cancelled"]) tx.delete(batchCountKey(id, state));
    },
  });
}
