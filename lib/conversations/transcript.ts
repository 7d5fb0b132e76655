import { readMany } from "../kv/read_many.ts";
import {
  type AnswerRecord,
  type CallbackRecord,
  type ConversationRecord,
  ERASED,
  type Message,
  type TurnRecord,
  type TurnResult,
} from "./conversation.ts";
import {
  answerKey,
  archivePrefix,
  conversationKey,
  takenKey,
  turnKey,
  turnsPrefix,
} from "./keys.ts";
import { askedOf } from "./turn_text.ts";
import { readImportedTexts } from "./imported_texts.ts";
import { joinPacked } from "./packed_messages.ts";

/** One message with what is known of how it came to be. */
export interface TranscriptMessage extends Message {
  taskId?: string;
  source?: string;
  score?: number;
  cached?: boolean;
  latencyMs?: number;
  model?: string;
  tokens?: TurnResult["tokens"];
  costMicros?: number;
  error?: { code: string; message: string };
  callback?: CallbackRecord;
}

/** What the archive keeps of a conversation. */
export interface ArchivedTexts {
  messages: TranscriptMessage[];
  /** How its latest turn ended. */
  latest?: AnswerRecord;
}

/** How the latest turn of a conversation ended, archived or not; null while it is open. */
export async function readLatestAnswer(
  kv: Deno.Kv,
  id: string,
  record: ConversationRecord,
): Promise<AnswerRecord | null> {
  if (record.turns === 0 || record.status === "pending") return null;
  const { value } = await kv.get<AnswerRecord>(answerKey(id, record.turns));
  if (value || !record.archivedChunks) return value;
  return (await readArchived(kv, id)).latest ?? null;
}

/** Every message of a conversation in order, archived ones included. */
export async function readTranscript(
  kv: Deno.Kv,
  id: string,
  record: ConversationRecord,
): Promise<TranscriptMessage[]> {
  const messages = await readImported(kv, id, record);
  const asked: { turn: number; record: TurnRecord }[] = [];
  for await (const { key, value } of kv.list<TurnRecord>({ prefix: turnsPrefix(id) })) {
    asked.push({ turn: Number(key.at(-1)), record: value });
  }
  const answers = await readAnswers(kv, id, asked.map(({ turn }) => turn));
  asked.forEach(({ turn, record }) => {
    const answer = answers.get(turn);
    const question: TranscriptMessage = {
      role: "user",
      content: askedOf(record).message,
      at: new Date(record.at).toISOString(),
      taskId: record.taskId,
    };
    if (answer?.error) question.error = answer.error;
    if (record.callback) question.callback = record.callback;
    messages.push(question);
    if (!answer?.result) return;
    const { result } = answer;
    messages.push({
      role: "assistant",
      content: result.response,
      at: new Date(answer.at).toISOString(),
      taskId: record.taskId,
      source: result.source,
      score: result.score,
      cached: result.cached,
      latencyMs: result.latency_ms,
      ...(result.model === undefined ? {} : { model: result.model }),
      ...(result.tokens === undefined ? {} : { tokens: result.tokens }),
      ...(result.cost_micros === undefined ? {} : { costMicros: result.cost_micros }),
    });
  });
  return messages;
}

/** The last `limit` messages before `turn`, for the responder. */
export async function readHistory(
  kv: Deno.Kv,
  id: string,
  record: ConversationRecord,
  turn: number,
  limit: number,
): Promise<Message[]> {
  const messages: Message[] = [];
  const from = Math.max(1, turn - Math.ceil(limit / 2));
  const turns = Array.from({ length: turn - from }, (_, i) => from + i);
  const [asked, answers] = await Promise.all([
    readMany<TurnRecord>(kv, turns.map((n) => turnKey(id, n))),
    readAnswers(kv, id, turns),
  ]);
  // Turns that are no longer there are in the archive, behind what came by import.
  const older = from === 1 || asked.includes(null);
  if (older) messages.push(...await readImported(kv, id, record));
  asked.forEach((question, index) => {
    if (!question) return;
    const answer = answers.get(turns[index]!);
    messages.push({
      role: "user",
      content: askedOf(question).message,
      at: new Date(question.at).toISOString(),
    });
    if (!answer?.result) return;
    messages.push({
      role: "assistant",
      content: answer.result.response,
      at: new Date(answer.at).toISOString(),
    });
  });
  return messages.slice(-limit);
}

async function readAnswers(
  kv: Deno.Kv,
  id: string,
  turns: number[],
): Promise<Map<number, AnswerRecord>> {
  const answers = await readMany<AnswerRecord>(kv, turns.map((turn) => answerKey(id, turn)));
  const found = new Map<number, AnswerRecord>();
  answers.forEach((answer, index) => {
    if (answer) found.set(turns[index]!, answer);
  });
  return found;
}

/** Messages that came by import, or that the archive packed. */
async function readImported(
  kv: Deno.Kv,
  id: string,
  record: ConversationRecord,
): Promise<TranscriptMessage[]> {
  const messages: TranscriptMessage[] = [];
  if (record.archivedChunks) messages.push(...(await readArchived(kv, id)).messages);
  messages.push(...await readImportedTexts(kv, id, record));
  return messages;
}

/** What the archive packed of a conversation. */
export async function readArchived(kv: Deno.Kv, id: string): Promise<ArchivedTexts> {
  const chunks: Uint8Array[] = [];
  for await (const { value } of kv.list<Uint8Array>({ prefix: archivePrefix(id) })) {
    chunks.push(value);
  }
  return JSON.parse(joinPacked(chunks));
}

/** The questions of all conversations, for figures that name some. */
export function questionsOf(kv: Deno.Kv) {
  return {
    /** Another one than before when any text was taken away since. */
    takings: async () => (await kv.get(takenKey)).versionstamp,
    question: (id: string, turn: number) => readQuestion(kv, id, turn),
  };
}

/** What was asked in a turn; null when the conversation is gone, or its text erased. */
async function readQuestion(kv: Deno.Kv, id: string, turn: number): Promise<string | null> {
  const [record, asked] = await kv.getMany<[ConversationRecord, TurnRecord]>([
    conversationKey(id),
    turnKey(id, turn),
  ]);
  if (asked.value) return asked.value.erased ? null : askedOf(asked.value).message;
  if (!record.value?.archivedChunks) return null;
  // Archived messages that came by a turn say by which task; imported ones do not.
  const messages = await readTranscript(kv, id, record.value);
  const questions = messages.filter((message) => message.role === "user" && message.taskId);
  const text = questions[turn - 1]?.content ?? null;
  return text === ERASED ? null : text;
}
