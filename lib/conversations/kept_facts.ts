import type {
  AnswerRecord,
  ConversationRecord,
  Course,
  TurnEnd,
  TurnRecord,
} from "./conversation.ts";
import { answersPrefix, conversationsPrefix, turnsPrefix } from "./keys.ts";
import { readTranscript } from "./transcript.ts";

/** A turn's end with what is known of its answer. Instants and durations are milliseconds. */
export interface KeptTurn extends TurnEnd {
  turn: number;
  queuedAt: number;
  source?: "knowledge" | "intent" | "llm" | "none";
  cached?: boolean;
  latencyMs?: number;
  tokens?: { prompt: number; completion: number; total: number; estimated: boolean };
}

/** A conversation as its own records tell it. */
export interface KeptConversation {
  conversationId: string;
  botId: string;
  userId: string;
  startedAt: number;
  status: ConversationRecord["status"];
  live: boolean;
  satisfaction: number | null;
  /** Of both roles, counted from the texts. */
  messages: number;
  userMessages: number;
  course: Course;
  turns: KeptTurn[];
}

/**
 * Every conversation that is kept, by id, counted from its texts and turns rather than from what
 * its record says. An archived one has its turns no more. Costs by conversations.
 */
export async function* keptConversations(kv: Deno.Kv): AsyncGenerator<KeptConversation> {
  for await (const { key, value } of kv.list<ConversationRecord>({ prefix: conversationsPrefix })) {
    const conversationId = String(key.at(-1));
    const transcript = await readTranscript(kv, conversationId, value);
    const turns = await readTurns(kv, conversationId);
    yield {
      conversationId,
      botId: value.botId,
      userId: value.userId,
      startedAt: value.startedAt,
      status: value.status,
      live: !value.imported,
      satisfaction: value.satisfaction ?? null,
      messages: transcript.length,
      userMessages: transcript.filter((message) => message.role === "user").length,
      course: {
        troubled: transcript.some((message) => message.source === "none"),
        unanswered: transcript.at(-1)?.source === "none",
        handedOver: value.handoffAt !== undefined,
      },
      turns,
    };
  }
}

/** Every end of a conversation's turns, those that were tried again included. */
async function readTurns(kv: Deno.Kv, id: string): Promise<KeptTurn[]> {
  const answers = new Map<number, AnswerRecord>();
  for await (const { key, value } of kv.list<AnswerRecord>({ prefix: answersPrefix(id) })) {
    answers.set(Number(key.at(-1)), value);
  }
  const turns: KeptTurn[] = [];
  for await (const { key, value } of kv.list<TurnRecord>({ prefix: turnsPrefix(id) })) {
    const turn = Number(key.at(-1));
    const queuedAt = value.at;
    for (const end of value.earlier ?? []) turns.push({ ...end, turn, queuedAt });
    const answer = answers.get(turn);
    if (!answer?.end) continue;
    const { result } = answer;
    turns.push({
      ...answer.end,
      turn,
      queuedAt,
      source: result?.source,
      cached: result?.cached,
      latencyMs: result?.latency_ms,
      tokens: result?.tokens,
    });
  }
  return turns;
}
