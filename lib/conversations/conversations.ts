import { notFound } from "../errors.ts";
import type { WriteSet } from "../kv/write_set.ts";
import type { IdempotencyClaim } from "../kv/idempotency.ts";
import { commitFresh } from "../kv/idempotency.ts";
import {
  type BatchProgress,
  batchProgress,
  type BatchQueued,
  batchTasks,
  submitBatch,
} from "./batch.ts";
import {
  type ConversationRecord,
  type ConversationStatus,
  courseOf,
  type Importance,
  reopen,
  type TurnError,
  type TurnResult,
} from "./conversation.ts";
import { importConversations, type ImportResult } from "./import.ts";
import { splitLines } from "./lines.ts";
import {
  conversationKey,
  importantKey,
  importantPrefix,
  passedByKey,
  storedPrefix,
} from "./keys.ts";
import { type NewTurn, type SubmitDeps, type Submitted, submitTurn } from "./submit.ts";
import { turnJob } from "./turn_job.ts";
import { readLatestAnswer, readTranscript, type TranscriptMessage } from "./transcript.ts";

/** The latest turn of a conversation. Instants are milliseconds UTC. */
export interface StatusView {
  conversationId: string;
  /** Absent on an imported conversation, which no task answered. */
  taskId?: string;
  status: ConversationStatus;
  priority: number;
  queuedAt: number;
  completedAt?: number;
  result?: TurnResult;
  error?: TurnError;
}

export interface ConversationView extends Omit<ConversationRecord, "status" | "open" | "messages"> {
  conversationId: string;
  status: ConversationStatus;
  /** Turns that wait for their answer. */
  waiting: number;
  messages: TranscriptMessage[];
}

export interface ConversationSummary {
  conversationId: string;
  botId: string;
  userId: string;
  status: ConversationStatus;
  startedAt: number;
  storedAt: number;
  turns: number;
  taskId?: string;
  satisfaction?: number;
  importance?: ConversationRecord["importance"];
  closedAt?: number;
  imported: boolean;
}

/** Live conversations by status, as the ledger has counted them; processing ones are pending. */
export interface LiveCounts {
  total: number;
  pending: number;
  completed: number;
  failed: number;
  /** Percent; null before one ended. */
  successRate: number | null;
}

export interface ConversationsDeps extends SubmitDeps {
  live: () => Promise<LiveCounts>;
  /** Tells people, in the same commit, that somebody wants one of them. */
  onHandoff?: (tx: WriteSet, handoff: Handoff) => void;
}

/** A user who wants a person. */
export interface Handoff {
  conversationId: string;
  botId: string;
  userId: string;
  reason?: string;
  importance: Importance;
  at: number;
}

/** A record as it becomes, and what whoever changed it is told. */
interface Changed<T> {
  record: ConversationRecord;
  answer: T;
}

/** What may be asked of conversations. */
export class Conversations {
  constructor(readonly deps: ConversationsDeps) {}

  /** Live conversations by what people see: processing ones are pending ones in a worker's hands. */
  async metrics(): Promise<{
    total: number;
    breakdown: { pending: number; processing: number; completed: number; failed: number };
    successRate: number | null;
  }> {
    const { total, pending, completed, failed, successRate } = await this.deps.live();
    const { engine } = this.deps;
    const running = engine.active(turnJob.queue).filter((job) => job.kind === turnJob.kind).length;
    const processing = Math.min(pending, running);
    const breakdown = { pending: pending - processing, processing, completed, failed };
    return { total, breakdown, successRate };
  }

  /** Queues a turn; see `submitTurn`. `admit` may refuse it. */
  submit(turn: NewTurn, claim?: IdempotencyClaim, admit?: () => void): Promise<Submitted> {
    return submitTurn(this.deps, turn, { claim, admit });
  }

  /** Queues up to 1,000 turns; see `submitBatch`. `admit` is asked before a new one is begun. */
  submitBatch(
    batchId: string | undefined,
    turns: NewTurn[],
    admit?: () => void,
  ): Promise<BatchQueued> {
    return submitBatch(this.deps, batchId ?? `batch-${crypto.randomUUID()}`, turns, admit);
  }

  batchStatus(batchId: string): Promise<BatchProgress | null> {
    return batchProgress(this.deps.db.kv, batchId);
  }

  /** True once every task of a batch has ended; false after `waitMs` or when the signal aborts. */
  async batchSettled(batchId: string, waitMs: number, signal?: AbortSignal): Promise<boolean> {
    const { db, clock, engine } = this.deps;
    const until = clock.now() + waitMs;
    for (const taskId of await batchTasks(db.kv, batchId)) {
      const left = Math.max(0, until - clock.now());
      if (!await engine.whenEnded(taskId, left, signal)) return false;
    }
    return true;
  }

  /** The latest turn's status, or null for an unknown conversation. */
  async status(conversationId: string): Promise<StatusView | null> {
    const { kv } = this.deps.db;
    const record = (await kv.get<ConversationRecord>(conversationKey(conversationId))).value;
    if (!record) return null;
    const answer = await readLatestAnswer(kv, conversationId, record);
    const view: StatusView = {
      conversationId,
      status: this.#statusOf(record),
      priority: record.priority ?? 5,
      queuedAt: record.queuedAt ?? record.startedAt,
    };
    if (record.taskId) view.taskId = record.taskId;
    if (record.completedAt !== undefined) view.completedAt = record.completedAt;
    if (answer?.result) view.result = answer.result;
    if (answer?.error) view.error = answer.error;
    return view;
  }

  /** A conversation with all its messages, or null. */
  async get(conversationId: string): Promise<ConversationView | null> {
    const { kv } = this.deps.db;
    const record = (await kv.get<ConversationRecord>(conversationKey(conversationId))).value;
    if (!record) return null;
    const { open, ...rest } = record;
    return {
      ...rest,
      conversationId,
      status: this.#statusOf(record),
      waiting: open.length,
      messages: await readTranscript(kv, conversationId, record),
    };
  }

  /** Conversations by when they were stored here, newest first; `limit` ≤ 200. */
  async list(
    limit: number,
    cursor?: string,
    only: { important?: boolean } = {},
  ): Promise<{ conversations: ConversationSummary[]; nextCursor?: string }> {
    const { kv } = this.deps.db;
    const prefix = only.important ? importantPrefix : storedPrefix;
    const before = cursor === undefined ? Infinity : Number(cursor.split("~")[0]);
    const beforeId = cursor?.slice(cursor.indexOf("~") + 1) ?? "";
    const entries = kv.list({
      start: prefix,
      end: [...prefix, before, beforeId],
    }, { reverse: true, limit: limit + 1 });
    const found: { storedAt: number; id: string }[] = [];
    for await (const { key } of entries) {
      found.push({ storedAt: Number(key.at(-2)), id: String(key.at(-1)) });
    }
    const page = found.slice(0, limit);
    const records = await Promise.all(
      page.map(({ id }) => kv.get<ConversationRecord>(conversationKey(id))),
    );
    const conversations = records.flatMap(({ value: record }, index) =>
      record ? [this.#summary(page[index]!.id, record)] : []
    );
    const last = page.at(-1);
    if (found.length <= limit || !last) return { conversations };
    return { conversations, nextCursor: `${last.storedAt}~${last.id}` };
  }

  /**
   * Records the user's satisfaction, 1–5, in place of an earlier one. An earlier comment stays
   * unless another comes, an empty one among them. Throws AppError `not_found`.
   */
  async feedback(conversationId: string, score: number, comment?: string): Promise<void> {
    const { db, ledger, clock } = this.deps;
    const key = conversationKey(conversationId);
    await commitFresh(db, async (tx) => {
      const entry = await db.kv.get<ConversationRecord>(key);
      const record = entry.value;
      if (!record) throw notFound(`there is no conversation ${conversationId}`);
      const scored: ConversationRecord = { ...record, satisfaction: score };
      if (comment) scored.comment = comment;
      else if (comment === "") delete scored.comment;
      tx.check(key, entry.versionstamp).set(key, scored);
      await ledger.scored(tx, {
        conversationId,
        botId: record.botId,
        userId: record.userId,
        startedAt: record.startedAt,
        score,
        before: record.satisfaction ?? null,
        at: clock.now(),
      });
    });
  }

  /**
   * Hands the user over to a person: counted and told once a conversation, however often it is
   * asked for. Returns when that was. Throws AppError `not_found`.
   */
  handoff(
    conversationId: string,
    reason?: string,
  ): Promise<{ handoffAt: number; first: boolean }> {
    const { clock, ledger, onHandoff } = this.deps;
    type Told = { handoffAt: number; first: boolean };
    return this.#change<Told>(conversationId, async (record, tx) => {
      if (record.handoffAt !== undefined) {
        return { record, answer: { handoffAt: record.handoffAt, first: false } };
      }
      const handoffAt = clock.now();
      const { botId, userId } = record;
      const { startedAt, status, imported = false } = record;
      await ledger.handedOver(tx, {
        conversationId,
        botId,
        userId,
        startedAt,
        status,
        live: !imported,
        course: courseOf(record),
      });
      const { importance = "normal" } = record;
      onHandoff?.(tx, { conversationId, botId, userId, reason, importance, at: handoffAt });
      return {
        record: { ...record, handoffAt, ...(reason && { handoffReason: reason }) },
        answer: { handoffAt, first: true },
      };
    });
  }

  /** Notes that a conversation is over; a further message opens it again. Throws `not_found`. */
  close(conversationId: string): Promise<{ closedAt: number }> {
    return this.#change(conversationId, (record) => {
      const closedAt = record.closedAt ?? this.deps.clock.now();
      return { record: { ...record, closedAt }, answer: { closedAt } };
    });
  }

  /**
   * Opens a closed conversation again; of an open one only says so. Throws `not_found`.
   */
  reopen(conversationId: string): Promise<{ reopened: boolean; reopenedAt?: number }> {
    type Opened = { reopened: boolean; reopenedAt?: number };
    return this.#change<Opened>(conversationId, (before) => {
      const record = reopen(before, this.deps.clock.now());
      const reopened = record !== before;
      return { record, answer: { reopened, reopenedAt: record.reopenedAt } };
    });
  }

  /**
   * Says how much a conversation matters. The archive leaves one of high importance where it is,
   * and lists can be of these alone. Throws `not_found`.
   */
  setImportance(conversationId: string, importance: Importance): Promise<void> {
    return this.#change(conversationId, (before, tx) => {
      const { importance: _before, ...rest } = before;
      const { storedAt } = before;
      if (importance === "high") {
        tx.set(importantKey(storedAt, conversationId), 1).delete(
          passedByKey(storedAt, conversationId),
        );
      } else {
        tx.delete(importantKey(storedAt, conversationId));
        // What was spared from the archive takes its turn again.
        if (before.importance === "high") tx.set(passedByKey(storedAt, conversationId), 1);
      }
      const record = importance === "normal" ? rest : { ...rest, importance };
      return { record, answer: undefined };
    });
  }

  #change<T>(
    conversationId: string,
    change: (record: ConversationRecord, tx: WriteSet) => Changed<T> | Promise<Changed<T>>,
  ): Promise<T> {
    const { db } = this.deps;
    const key = conversationKey(conversationId);
    return commitFresh(db, async (tx) => {
      const entry = await db.kv.get<ConversationRecord>(key);
      if (!entry.value) throw notFound(`there is no conversation ${conversationId}`);
      const { record, answer } = await change(entry.value, tx);
      tx.check(key, entry.versionstamp).set(key, record);
      return answer;
    });
  }

  /** Imports finished conversations, a line each; see `importConversations`. */
  importStream(bytes: ReadableStream<Uint8Array>): Promise<ImportResult> {
    return importConversations(this.deps, splitLines(bytes));
  }

  #statusOf(record: ConversationRecord): ConversationStatus {
    if (record.status === "cancelled") return "failed";
    const head = record.open[0];
    if (record.status !== "pending" || !head) return record.status;
    return this.deps.engine.isRunning(head.taskId) ? "processing" : "pending";
  }

  #summary(conversationId: string, record: ConversationRecord): ConversationSummary {
    return {
      conversationId,
      botId: record.botId,
      userId: record.userId,
      status: this.#statusOf(record),
      startedAt: record.startedAt,
      storedAt: record.storedAt,
      turns: record.turns,
      taskId: record.taskId,
      satisfaction: record.satisfaction,
      importance: record.importance,
      closedAt: record.closedAt,
      imported: record.imported ?? false,
    };
  }
}
