import type { Database } from "../kv/database.ts";
import { commitFresh } from "../kv/idempotency.ts";
import { WriteSet } from "../kv/write_set.ts";
import {
  type AnswerRecord,
  type ConversationRecord,
  ERASED,
  type TurnRecord,
} from "./conversation.ts";
import {
  answersPrefix,
  archiveKey,
  archivePrefix,
  conversationKey,
  takenKey,
  turnsPrefix,
} from "./keys.ts";
import { overwriteImportedTexts } from "./imported_texts.ts";
import { packText } from "./packed_messages.ts";
import { type ArchivedTexts, readArchived } from "./transcript.ts";

const BATCH = 20;

/**
 * Takes every text out of a conversation without open turns and gives it another user; its times
 * and figures stay. The user goes last, so that a run that was cut off finds it again.
 */
export async function eraseTexts(db: Database, id: string, pseudonym: string): Promise<void> {
  await rewrite<TurnRecord>(db, turnsPrefix(id), ({ taskId, at, priority, batchId, earlier }) => ({
    taskId,
    message: ERASED,
    at,
    priority,
    ...(batchId ? { batchId } : {}),
    ...(earlier ? { earlier } : {}),
    erased: true,
  }));
  await rewrite<AnswerRecord>(db, answersPrefix(id), eraseAnswer);
  const { value } = await db.kv.get<ConversationRecord>(conversationKey(id));
  if (value) await overwriteImportedTexts(db, id, value, ERASED);
  await commitFresh(db, async (tx) => {
    const entry = await db.kv.get<ConversationRecord>(conversationKey(id));
    if (!entry.value) return;
    const { comment: _comment, handoffReason: _reason, ...record } = entry.value;
    if (record.archivedChunks) record.archivedChunks = await eraseArchive(db, tx, id);
    tx.check(conversationKey(id), entry.versionstamp)
      .set(conversationKey(id), { ...record, userId: pseudonym })
      .set(takenKey, 1);
  });
}

function eraseAnswer({ error, ...answer }: AnswerRecord): AnswerRecord {
  if (error) return { ...answer, error: { ...error, message: ERASED } };
  if (!answer.result) return answer;
  const { matched: _matched, ...result } = answer.result;
  return { ...answer, result: { ...result, response: ERASED, metadata: {} } };
}

async function eraseArchive(db: Database, tx: WriteSet, id: string): Promise<number> {
  const { messages, latest } = await readArchived(db.kv, id);
  const texts: ArchivedTexts = {
    messages: messages.map(({ error, ...message }) => ({
      ...message,
      content: ERASED,
      ...(error && { error: { ...error, message: ERASED } }),
    })),
  };
  if (latest) texts.latest = eraseAnswer(latest);
  for await (const { key } of db.kv.list({ prefix: archivePrefix(id) })) tx.delete(key);
  tx.set(archiveKey(id, 0), packText(JSON.stringify(texts)));
  return 1;
}

async function rewrite<T>(
  db: Database,
  prefix: Deno.KvKey,
  change: (value: T) => T,
): Promise<void> {
  let tx = new WriteSet();
  for await (const { key, value } of db.kv.list<T>({ prefix })) {
    tx.set(key, change(value));
    if (tx.mutations.length < BATCH) continue;
    await db.commit(tx.set(takenKey, 1));
    tx = new WriteSet();
  }
  if (!tx.empty) await db.commit(tx.set(takenKey, 1));
}
