import { type Reply, type Responder, ResponderError } from "../lib/ai/responder.ts";
import type { Spending } from "../lib/ai/spending.ts";
import type { Clock } from "../lib/clock.ts";
import type { BotStore } from "../lib/conversations/bot_store.ts";
import type {
  AnswerRecord,
  ConversationRecord,
  TurnRecord,
} from "../lib/conversations/conversation.ts";
import { type FinishDeps, finishTurn, reviveTurn } from "../lib/conversations/finish.ts";
import { answerKey, conversationKey, turnKey } from "../lib/conversations/keys.ts";
import type { ReplyStreams } from "../lib/conversations/reply_streams.ts";
import { readHistory } from "../lib/conversations/transcript.ts";
import { askedOf } from "../lib/conversations/turn_text.ts";
import { type TurnJob, turnJob } from "../lib/conversations/turn_job.ts";
import { cancel, complete, handleJob, type JobDefinition, snooze } from "../lib/jobs/definition.ts";
import { cutText } from "../lib/wire/characters.ts";
import { callbackJob } from "./deliver_callback.ts";

export interface ProcessDeps extends FinishDeps {
  clock: Clock;
  bots: BotStore;
  responder: Responder;
  /** Told of every reply that was stored. */
  metrics?: { reply(reply: Reply): void };
  /** Told replies while they are written. */
  streams?: Pick<ReplyStreams, "begin" | "add" | "end">;
  /** Told what replies cost. */
  spending?: Pick<Spending, "add">;
}

/** Messages before the one to answer that the responder is given. */
const HISTORY_MESSAGES = 20;
const MAX_REPLY_LENGTH = 16_000;
/** A turn whose predecessor is not answered yet looks again after this long. */
const OVERTAKEN_MS = 250;

/**
 * Answers one turn: reads the conversation and its bot, asks the responder, and commits reply,
 * status, numbers, callback and the job's completion in one atomic.
 */
export function processConversation(deps: ProcessDeps): JobDefinition<TurnJob> {
  const { db, clock, bots, responder, streams, spending } = deps;
  const end = async (
    tx: Parameters<typeof finishTurn>[0],
    job: { conversationId: string; turn: number; id: string },
    answer: AnswerRecord,
    figures: Parameters<typeof finishTurn>[5],
  ) => {
    const asked = await finishTurn(tx, deps, job.conversationId, job.turn, answer, figures);
    if (asked?.callbackUrl) {
      const { conversationId, turn } = job;
      const url = asked.callbackUrl;
      deps.engine.prepare(tx, callbackJob, { conversation_id: conversationId, turn, url });
    }
  };

  return handleJob(turnJob, {
    async perform(job) {
      const { conversation_id: conversationId, turn } = job.payload;
      // The bot of a conversation never changes, so it is read along with it.
      const [conversation, asked, bot] = await Promise.all([
        db.get<ConversationRecord>(conversationKey(conversationId)),
        db.get<TurnRecord>(turnKey(conversationId, turn)),
        bots.get(job.payload.bot_id),
      ]);
      if (!conversation.value) return cancel("the conversation was deleted");
      if (!asked.value) return cancel("the conversation is archived: send the message again");
      const { userId, botId, open } = conversation.value;
      const { message, metadata } = askedOf(asked.value);
      // A turn that was retried may have overtaken one before it.
      const earlier = open[0];
      if (earlier && earlier.turn < turn) {
        const detail = `an earlier message is being answered (task ${earlier.taskId})`;
        return snooze(OVERTAKEN_MS, { reason: "earlier_turn", detail, task_id: earlier.taskId });
      }
      const record = conversation.value;
      const history = await readHistory(db.kv, conversationId, record, turn, HISTORY_MESSAGES);
      streams?.begin(job.id);
      let reply: Reply;
      try {
        reply = await responder.respond({
          bot,
          conversationId,
          userId,
          message,
          history,
          signal: job.signal,
          ...(streams && {
            onText: (text) => streams.add(job.id, text),
            onRestart: () => streams.begin(job.id),
          }),
        });
      } catch (thrown) {
        // A provider that is left alone for a while costs no attempt.
        if (mayWait(thrown, clock.now() - job.queuedAt)) {
          const reason = thrown.unasked === "training" ? "training" : "provider_down";
          const because = { reason, detail: thrown.message } as const;
          return snooze(thrown.retryAfterMs ?? 1_000, because);
        }
        throw thrown;
      } finally {
        streams?.end(job.id);
      }
      const { costMicros } = reply;
      const at = clock.now();
      const answer: AnswerRecord = {
        status: "completed",
        at,
        result: toResult(reply, conversationId, botId, at, metadata),
      };
      return complete(undefined, (tx) => {
        tx.afterCommit(() => deps.metrics?.reply(reply));
        if (costMicros) spending?.add(tx, botId, costMicros);
        return end(tx, { conversationId, turn, id: job.id }, answer, {
          outcome: "completed",
          processingAt: job.startedAt,
          attempts: job.attempt,
          source: reply.source,
          intent: reply.intent,
          score: reply.score,
          cached: reply.cached,
          latencyMs: reply.latencyMs,
          model: reply.model,
          tokens: reply.tokens,
          costMicros,
        });
      });
    },

    async settle(tx, job, { state, error }) {
      const payload = turnJob.payload.safeParse(job.payload);
      if (!payload.success) return;
      const answer: AnswerRecord = { status: "failed", at: clock.now(), error };
      const { conversation_id: conversationId, turn } = payload.data;
      await end(tx, { conversationId, turn, id: job.id }, answer, {
        outcome: state,
        processingAt: job.startedAt ?? null,
        attempts: job.attempt,
      });
    },

    async revive(tx, job) {
      const { conversation_id, turn } = turnJob.payload.parse(job.payload);
      await reviveTurn(tx, deps, conversation_id, turn, job.id, clock.now());
    },

    async result(job) {
      const payload = turnJob.payload.safeParse(job.payload);
      if (!payload.success) return undefined;
      const { conversation_id, turn } = payload.data;
      return (await db.get<AnswerRecord>(answerKey(conversation_id, turn))).value?.result;
    },
  });
}

/** Longest that a turn waits for a provider that is not being asked; then it fails as any other. */
const MAX_UNASKED_MS = 3_600_000;

function mayWait(thrown: unknown, waitedMs: number): thrown is ResponderError {
  return thrown instanceof ResponderError && thrown.unasked !== undefined &&
    waitedMs < MAX_UNASKED_MS;
}

function toResult(
  reply: Reply,
  conversationId: string,
  botId: string,
  at: number,
  metadata: Record<string, unknown> = {},
): NonNullable<AnswerRecord["result"]> {
  const { response } = reply;
  return {
    conversation_id: conversationId,
    response: cutText(response, MAX_REPLY_LENGTH),
    bot_id: botId,
    processed_at: new Date(at).toISOString(),
    metadata,
    source: reply.source,
    intent: reply.intent,
    score: reply.score,
    cached: reply.cached,
    latency_ms: Math.round(reply.latencyMs * 1000) / 1000,
    ...(reply.model ? { model: reply.model } : {}),
    ...(reply.tokens ? { tokens: reply.tokens } : {}),
    ...(reply.costMicros === undefined ? {} : { cost_micros: reply.costMicros }),
    ...(reply.similarity === undefined ? {} : { similarity: reply.similarity }),
    ...(reply.fallback ? { fallback: reply.fallback } : {}),
    ...(reply.botVersion === undefined ? {} : { bot_version: reply.botVersion }),
    ...(reply.matched ? { matched: reply.matched } : {}),
    ...(reply.language ? { language: reply.language } : {}),
    ...(reply.sentiment === undefined ? {} : { sentiment: reply.sentiment }),
  };
}
