import type { JobEngine } from "../jobs/engine.ts";
import type { Database } from "../kv/database.ts";
import type { WriteSet } from "../kv/write_set.ts";
import {
  type AnswerRecord,
  type ConversationRecord,
  courseOf,
  type TurnEnd,
  type TurnRecord,
} from "./conversation.ts";
import { askedOf } from "./turn_text.ts";
import { answerKey, batchCountKey, conversationKey, pendingKey, turnKey } from "./keys.ts";
import type { ConversationLedger, FinishedEntry } from "./ledger.ts";

export interface FinishDeps {
  db: Database;
  engine: Pick<JobEngine, "release" | "prepare">;
  ledger: ConversationLedger;
}

/** What the ledger is told of how the turn went, beside what the conversation itself says. */
export type TurnFigures = Pick<
  FinishedEntry,
  | "outcome"
  | "processingAt"
  | "attempts"
  | "source"
  | "intent"
  | "score"
  | "cached"
  | "latencyMs"
  | "model"
  | "tokens"
  | "costMicros"
>;

/**
 * Ends a turn within the atomic that ends its job: the answer or error, the conversation's status,
 * the next turn's release, the batch's count and the numbers. Does nothing for a turn that has
 * ended already or whose conversation is gone.
 */
export async function finishTurn(
  tx: WriteSet,
  deps: FinishDeps,
  conversationId: string,
  turn: number,
  answer: AnswerRecord,
  figures: TurnFigures,
): Promise<TurnRecord | null> {
  const key = conversationKey(conversationId);
  // In this order, since the check on the conversation then holds for what its turn says, too.
  const [entry, asked] = await Promise.all([
    deps.db.get<ConversationRecord>(key),
    deps.db.get<TurnRecord>(turnKey(conversationId, turn)),
  ]);
  const before = entry.value;
  if (!before || !asked.value || !before.open.some((open) => open.turn === turn)) return null;
  const open = before.open.filter((other) => other.turn !== turn);
  const latest = turn === before.turns;
  const messages = answer.result ? 1 : 0;
  const record: ConversationRecord = { ...before, open, messages: before.messages + messages };
  if (figures.source === "none") record.troubled = true;
  if (latest) {
    record.status = figures.outcome;
    record.completedAt = answer.at;
    if (figures.source === "none") record.unanswered = true;
    else delete record.unanswered;
  }
  tx.check(key, entry.versionstamp)
    .set(key, record)
    .set(answerKey(conversationId, turn), { ...answer, end: endOf(answer.at, figures) })
    .delete(pendingKey(asked.value.at, conversationId, turn));
  const wasHead = before.open[0]?.turn === turn;
  if (wasHead && open[0]) await deps.engine.release(tx, open[0].taskId);
  if (asked.value.batchId) tx.sum(batchCountKey(asked.value.batchId, answer.status), 1);
  await deps.ledger.finished(tx, {
    ...figures,
    conversationId,
    botId: before.botId,
    userId: before.userId,
    startedAt: before.startedAt,
    turn,
    queuedAt: asked.value.at,
    at: answer.at,
    from: before.status,
    to: record.status,
    live: !before.imported,
    messages,
    messagesBefore: before.messages,
    course: courseOf(before),
    courseAfter: courseOf(record),
    question: askedOf(asked.value).message,
  });
  return asked.value;
}

function endOf(at: number, { outcome, processingAt, attempts, costMicros }: TurnFigures): TurnEnd {
  return { at, outcome, processingAt, attempts, ...(costMicros ? { costMicros } : {}) };
}

const MAX_EARLIER_ENDS = 100;

/**
 * Opens a failed turn again within the atomic that retries its job. Later turns were answered
 * meanwhile or wait their turn as before.
 */
export async function reviveTurn(
  tx: WriteSet,
  deps: FinishDeps,
  conversationId: string,
  turn: number,
  taskId: string,
  at: number,
): Promise<void> {
  const key = conversationKey(conversationId);
  const [entry, asked, answer] = await deps.db.kv.getMany<
    [ConversationRecord, TurnRecord, AnswerRecord]
  >([key, turnKey(conversationId, turn), answerKey(conversationId, turn)]);
  const before = entry.value;
  if (!before || !asked.value || answer.value?.status !== "failed") return;
  const record: ConversationRecord = {
    ...before,
    open: [...before.open, { turn, taskId }].sort((a, b) => a.turn - b.turn),
  };
  if (turn === before.turns) {
    record.status = "pending";
    delete record.completedAt;
  }
  tx.check(key, entry.versionstamp)
    .set(key, record)
    .delete(answerKey(conversationId, turn))
    .set(pendingKey(asked.value.at, conversationId, turn), taskId);
  const { end } = answer.value;
  if (end) {
    const earlier = [...asked.value.earlier ?? [], end].slice(-MAX_EARLIER_ENDS);
    tx.set(turnKey(conversationId, turn), { ...asked.value, earlier });
  }
  if (asked.value.batchId) tx.sum(batchCountKey(asked.value.batchId, "failed"), -1);
  if (record.status !== before.status) {
    await deps.ledger.revived(tx, {
      conversationId,
      botId: before.botId,
      userId: before.userId,
      startedAt: before.startedAt,
      at,
      from: before.status,
      live: !before.imported,
      course: courseOf(before),
    });
  }
}
