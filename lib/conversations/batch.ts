import { AppError, conflict, invalidField } from "../errors.ts";
import { counterValue } from "../kv/counter.ts";
import type { Database } from "../kv/database.ts";
import { sweepBefore } from "../kv/sweep.ts";
import { sweepInTurn } from "../kv/sweep_in_turn.ts";
import { WriteSet } from "../kv/write_set.ts";
import { type ConversationRecord, MAX_OPEN_TURNS } from "./conversation.ts";
import {
  batchCountKey,
  batchesPrefix,
  batchesSweptKey,
  batchItemKey,
  batchItemsPrefix,
  batchKey,
  conversationKey,
} from "./keys.ts";
import {
  type NewTurn,
  requireSameParties,
  type SubmitDeps,
  type Submitted,
  submitTurn,
} from "./submit.ts";

/** Batches looked at in one sweep. */
const MAX_SWEPT = 1_000;

interface BatchRecord {
  createdAt: number;
  total: number;
  /** Of the content, so that the same batch sent again is told from another one. */
  hash: string;
}

export interface BatchQueued {
  batchId: string;
  taskIds: string[];
  queued: number;
}

export interface BatchProgress {
  batchId: string;
  status: "processing" | "completed" | "completed_with_errors" | "failed";
  total: number;
  completed: number;
  failed: number;
  pending: number;
  createdAt: number;
}

/**
 * Queues up to 1,000 conversations. All are checked before the first is queued; each is queued
 * together with its place in the batch, so a batch sent again, after a crash too, goes on where it
 * stopped and queues nothing twice. Throws AppError `invalid` for more turns of one conversation than
 * may ever wait, `overloaded` for more than may wait now, `conflict` for another content under the
 * same id.
 */
export async function submitBatch(
  deps: SubmitDeps,
  batchId: string,
  turns: NewTurn[],
  admit?: () => void,
): Promise<BatchQueued> {
  const { db, clock } = deps;
  requireRoom(turns);
  const hash = await contentHash(turns);
  const entry = await db.kv.get<BatchRecord>(batchKey(batchId));
  if (entry.value && entry.value.hash !== hash) {
    throw conflict(`batch ${batchId} exists with other content; use another batch_id`);
  }
  if (!entry.value) {
    await checkParties(deps, turns);
    admit?.();
    const record: BatchRecord = { createdAt: clock.now(), total: turns.length, hash };
    const created = await db.commit(
      new WriteSet().check(batchKey(batchId), null).set(batchKey(batchId), record),
    );
    if (!created) return await submitBatch(deps, batchId, turns, admit);
  }
  const taskIds: (string | undefined)[] = new Array(turns.length);
  for await (const { key, value } of db.kv.list<string>({ prefix: batchItemsPrefix(batchId) })) {
    taskIds[Number(key.at(-1))] = value;
  }
  await Promise.all([...byConversation(turns).values()].map(async (indexes) => {
    for (const index of indexes) {
      taskIds[index] ??= await submitItem(deps, batchId, index, turns[index]!);
    }
  }));
  return { batchId, taskIds: taskIds as string[], queued: turns.length };
}

/** How far a batch is, or null when there is none of that id. */
export async function batchProgress(kv: Deno.Kv, batchId: string): Promise<BatchProgress | null> {
  const [record, done, bad] = await kv.getMany<[BatchRecord, Deno.KvU64, Deno.KvU64]>([
    batchKey(batchId),
    batchCountKey(batchId, "completed"),
    batchCountKey(batchId, "failed"),
  ]);
  if (!record.value) return null;
  const { total, createdAt } = record.value;
  const completed = counterValue(done.value);
  const failed = counterValue(bad.value);
  const pending = total - completed - failed;
  let status: BatchProgress["status"] = "processing";
  if (pending === 0) {
    status = failed === 0 ? "completed" : completed === 0 ? "failed" : "completed_with_errors";
  }
  return { batchId, status, total, completed, failed, pending, createdAt };
}

/**
 * Forgets batches made before an instant (milliseconds UTC) of which nothing is pending, and says
 * how many. Their conversations stay. Looks at `MAX_SWEPT` in each call, and goes on with the next.
 */
export function sweepBatches(db: Database, createdBefore: number): Promise<number> {
  return sweepInTurn<BatchRecord>(db, {
    prefix: batchesPrefix,
    cursorKey: batchesSweptKey,
    limit: MAX_SWEPT,
    isOver: async ({ createdAt }, id) =>
      createdAt < createdBefore && (await batchProgress(db.kv, id))?.pending === 0,
    async remove(tx, id) {
      await sweepBefore(db, batchItemsPrefix(id), Infinity);
      for (const status of ["completed", "failed"]) tx.delete(batchCountKey(id, status));
    },
  });
}

/** The tasks of a batch, in its order, as far as they are queued. */
export async function batchTasks(kv: Deno.Kv, batchId: string): Promise<string[]> {
  const taskIds: string[] = [];
  for await (const { value } of kv.list<string>({ prefix: batchItemsPrefix(batchId) })) {
    taskIds.push(value);
  }
  return taskIds;
}

async function submitItem(
  deps: SubmitDeps,
  batchId: string,
  index: number,
  turn: NewTurn,
): Promise<string> {
  const key = batchItemKey(batchId, index);
  try {
    const also = async (tx: WriteSet, submitted: Submitted) => {
      const item = await deps.db.kv.get<string>(key);
      if (item.value !== null) throw new AlreadyQueued(item.value);
      tx.check(key, null).set(key, submitted.taskId);
    };
    const { taskId } = await submitTurn(deps, { ...turn, batchId }, { also });
    return taskId;
  } catch (error) {
    if (error instanceof AlreadyQueued) return error.taskId;
    throw error;
  }
}

/** The same batch is being sent twice at once, and the other was here first. */
class AlreadyQueued extends Error {
  constructor(readonly taskId: string) {
    super("already queued");
  }
}

/** Refuses what could not be queued however empty the conversations were. */
function requireRoom(turns: NewTurn[]): void {
  for (const indexes of byConversation(turns).values()) {
    const tooMany = indexes[MAX_OPEN_TURNS];
    if (tooMany === undefined) continue;
    throw invalidField(
      `conversations.${tooMany}.conversation_id`,
      `must not be that of more than ${MAX_OPEN_TURNS} items: no more of one conversation may wait`,
    );
  }
}

/** Nothing may be queued when one item cannot be: parties are compared before the first is. */
async function checkParties({ db }: SubmitDeps, turns: NewTurn[]): Promise<void> {
  const groups = [...byConversation(turns).entries()];
  await Promise.all(groups.map(async ([id, indexes]) => {
    const first = turns[indexes[0]!]!;
    const stored = (await db.kv.get<ConversationRecord>(conversationKey(id))).value;
    const parties = stored ?? { botId: first.botId, userId: first.userId, open: [] };
    if (parties.open.length + indexes.length > MAX_OPEN_TURNS) {
      throw new AppError(
        "overloaded",
        `conversations.${indexes.at(-1)}: more than ${MAX_OPEN_TURNS} messages of conversation ` +
          `${id} would wait; try again when some are answered`,
        { retryAfterSeconds: 5 },
      );
    }
    for (const index of indexes) {
      try {
        requireSameParties(parties, turns[index]!);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        throw new AppError(error.code, `conversations.${index}: ${error.message}`, {
          retryAfterSeconds: error.retryAfterSeconds,
        });
      }
    }
  }));
}

function byConversation(turns: NewTurn[]): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  turns.forEach(({ conversationId }, index) => {
    const group = groups.get(conversationId);
    if (group) group.push(index);
    else groups.set(conversationId, [index]);
  });
  return groups;
}

async function contentHash(turns: NewTurn[]): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(turns));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
