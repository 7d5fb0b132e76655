import type { Clock } from "../clock.ts";
import { AppError, conflict } from "../errors.ts";
import { InLine } from "../in_line.ts";
import type { JobEngine } from "../jobs/engine.ts";
import { commitOnce, type IdempotencyClaim } from "../kv/idempotency.ts";
import type { Database } from "../kv/database.ts";
import type { WriteSet } from "../kv/write_set.ts";
import type { BotStore } from "./bot_store.ts";
import {
  type ConversationRecord,
  courseOf,
  MAX_OPEN_TURNS,
  reopen,
  type TurnRecord,
} from "./conversation.ts";
import { conversationKey, passedByKey, pendingKey, storedKey, turnKey } from "./keys.ts";
import type { ConversationLedger } from "./ledger.ts";
import { packAsked } from "./turn_text.ts";
import { turnJob } from "./turn_job.ts";

/** A user's message to be answered. */
export interface NewTurn {
  conversationId: string;
  userMessage: string;
  botId: string;
  userId: string;
  /** 0 goes first, 9 last. */
  priority: number;
  metadata?: Record<string, unknown>;
  callbackUrl?: string;
  batchId?: string;
}

export interface Submitted {
  taskId: string;
  conversationId: string;
  priority: number;
}

export interface SubmitDeps {
  db: Database;
  clock: Clock;
  engine: JobEngine;
  bots: BotStore;
  ledger: ConversationLedger;
}

/**
 * Writes the user's message, the conversation's status, its numbers and the job that will answer
 * it, in one atomic. A claim makes it happen once and repeats its answer afterwards; `also` may add
 * to the atomic. `admit` is asked when nothing else is wrong with the turn, and may throw. Throws
 * AppError `conflict` when the conversation belongs to another bot or user.
 */
export function submitTurn(
  deps: SubmitDeps,
  turn: NewTurn,
  { claim, admit, also }: SubmitOptions = {},
): Promise<Submitted> {
  return lineOf(deps.db).run(turn.conversationId, () =>
    commitOnce(deps.db, claim, async (tx) => {
      const submitted = await addTurn(tx, deps, turn, admit);
      await also?.(tx, submitted);
      return submitted;
    }));
}

export interface SubmitOptions {
  claim?: IdempotencyClaim;
  admit?: () => void;
  also?: (tx: WriteSet, submitted: Submitted) => void | Promise<void>;
}

/** Turns on their way into the conversations of a database. */
const lines = new WeakMap<Database, InLine>();

function lineOf(db: Database): InLine {
  const line = lines.get(db) ?? new InLine();
  lines.set(db, line);
  return line;
}

async function addTurn(
  tx: WriteSet,
  deps: SubmitDeps,
  turn: NewTurn,
  admit: (() => void) | undefined,
): Promise<Submitted> {
  const { db, clock, engine, bots, ledger } = deps;
  const { conversationId, botId, userId, priority } = turn;
  const key = conversationKey(conversationId);
  const entry = await db.get<ConversationRecord>(key);
  const before = entry.value;
  if (before) requireSameParties(before, turn);
  admit?.();
  const at = clock.now();
  const number = (before?.turns ?? 0) + 1;
  const earlier = before?.open.at(-1);
  const startedAt = before?.startedAt ?? at;
  const taskId = engine.prepare(tx, turnJob, {
    conversation_id: conversationId,
    turn: number,
    bot_id: botId,
    started_at: startedAt,
  }, {
    priority,
    fairKey: botId,
    heldBy: earlier?.taskId,
  });
  const record: ConversationRecord = {
    ...(before
      ? reopen(before, at)
      : { botId, userId, startedAt, storedAt: at, turns: 0, open: [] }),
    messages: (before?.messages ?? 0) + 1,
    status: "pending",
    turns: number,
    open: [...(before?.open ?? []), { turn: number, taskId }],
    taskId,
    priority,
    queuedAt: at,
  };
  delete record.completedAt;
  const asked: TurnRecord = { taskId, at, priority, ...packAsked(turn.userMessage, turn.metadata) };
  if (turn.callbackUrl) asked.callbackUrl = turn.callbackUrl;
  if (turn.batchId) asked.batchId = turn.batchId;
  tx.check(key, entry.versionstamp)
    .set(key, record)
    .set(turnKey(conversationId, number), asked)
    .set(pendingKey(at, conversationId, number), taskId);
  if (!before) {
    tx.set(storedKey(at, conversationId), 1);
    bots.noteUsed(tx, botId);
  }
  if (before?.archivedChunks && before.importance !== "high") {
    tx.set(passedByKey(before.storedAt, conversationId), 1);
  }
  await ledger.submitted(tx, {
    conversationId,
    botId,
    userId,
    startedAt,
    at,
    first: !before,
    from: before?.status ?? null,
    live: !record.imported,
    messagesBefore: before?.messages ?? 0,
    course: courseOf(before),
  });
  return { taskId, conversationId, priority };
}

/** Throws AppError `conflict` when a conversation belongs to another bot or user. */
export function requireSameParties(
  record: Pick<ConversationRecord, "botId" | "userId" | "open">,
  turn: Pick<NewTurn, "conversationId" | "botId" | "userId">,
): void {
  const { conversationId } = turn;
  if (record.botId !== turn.botId) {
    throw conflict(`conversation ${conversationId} is with another bot; start a new one`);
  }
  if (record.userId !== turn.userId) {
    throw conflict(`conversation ${conversationId} belongs to another user; start a new one`);
  }
  if (record.open.length >= MAX_OPEN_TURNS) {
    throw new AppError(
      "overloaded",
      `${MAX_OPEN_TURNS} messages of conversation ${conversationId} are waiting already`,
      { retryAfterSeconds: 5 },
    );
  }
}
