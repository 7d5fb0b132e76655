import { commitFresh } from "../kv/idempotency.ts";
import type { Database } from "../kv/database.ts";
import type { ConversationRecord, TurnRecord } from "./conversation.ts";
import { conversationKey, pendingPrefix, turnKey } from "./keys.ts";
import type { SubmitDeps } from "./submit.ts";
import { turnJob } from "./turn_job.ts";

const MAX_LOOKED_AT = 2_000;
/** A turn this young may still be on its way through its first commit. */
const MIN_AGE_MS = 10_000;

/**
 * Finds turns without an answer whose job is gone or has ended without saying so, and queues them
 * again. Also releases the head of a conversation that is held though nothing is before it.
 * Returns how many were mended; 0 in a healthy system.
 */
export async function sweepPending(deps: SubmitDeps): Promise<number> {
  const { db, engine, clock } = deps;
  let mended = 0;
  let looked = 0;
  for await (const { key, value: taskId } of db.kv.list<string>({ prefix: pendingPrefix })) {
    const [at, conversationId, turn] = key.slice(-3) as [number, string, number];
    if (at > clock.now() - MIN_AGE_MS || ++looked > MAX_LOOKED_AT) break;
    const job = await engine.get(taskId);
    if (!job || job.finishedAt !== undefined) {
      if (await requeue(deps, key, conversationId, turn)) mended++;
    } else if (job.heldBy && await isHead(db, conversationId, turn)) {
      await commitFresh(db, (tx) => engine.release(tx, taskId));
      mended++;
    }
  }
  return mended;
}

async function isHead(db: Database, conversationId: string, turn: number): Promise<boolean> {
  const { value } = await db.kv.get<ConversationRecord>(conversationKey(conversationId));
  return value?.open[0]?.turn === turn;
}

function requeue(
  { db, engine }: Pick<SubmitDeps, "db" | "engine">,
  pending: Deno.KvKey,
  conversationId: string,
  turn: number,
): Promise<boolean> {
  return commitFresh(db, async (tx) => {
    const key = conversationKey(conversationId);
    const [entry, asked] = await db.kv.getMany<[ConversationRecord, TurnRecord]>([
      key,
      turnKey(conversationId, turn),
    ]);
    const record = entry.value;
    const open = record?.open.find((other) => other.turn === turn);
    if (!record || !asked.value || !open) {
      tx.delete(pending);
      return false;
    }
    const { botId, startedAt } = record;
    const before = record.open[record.open.indexOf(open) - 1];
    const taskId = engine.prepare(tx, turnJob, {
      conversation_id: conversationId,
      turn,
      bot_id: botId,
      started_at: startedAt,
    }, {
      priority: asked.value.priority,
      fairKey: botId,
      heldBy: before?.taskId,
    });
    tx.check(key, entry.versionstamp)
      .set(key, {
        ...record,
        open: record.open.map((other) => other === open ? { turn, taskId } : other),
        ...(turn === record.turns ? { taskId } : {}),
      })
      .set(turnKey(conversationId, turn), { ...asked.value, taskId })
      .set(pending, taskId);
    return true;
  });
}
