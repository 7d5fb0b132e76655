import { z } from "zod";
import type { Clock } from "../clock.ts";
import type { Database } from "../kv/database.ts";
import { commitFresh } from "../kv/idempotency.ts";
import { estimateSize } from "../kv/size.ts";
import type { BotStore } from "./bot_store.ts";
import type { ConversationRecord, Message } from "./conversation.ts";
import { deletedHash } from "./deleted.ts";
import { conversationKey, deletedKey, freshKey, messagesKey, storedKey } from "./keys.ts";
import type { ConversationLedger, ImportedEntry } from "./ledger.ts";

const id = z.string().min(1).max(200).regex(/^[^\p{Cc}]*$/u, "must not have control characters");
const instant = z.iso.datetime({ offset: true });

/** One finished conversation, a line of an import. */
export const importLineSchema = z.object({
  conversation_id: id,
  user_id: id,
  bot_id: id,
  bot_name: z.string().max(200).optional(),
  status: z.enum(["completed", "failed"]),
  satisfaction_score: z.number().min(1).max(5).nullish(),
  messages: z.array(z.object({
    role: z.enum(["user", "assistant"]),
    content: z.string(),
    at: instant,
  })).min(1).max(10_000).refine(
    (messages) => messages.some((m) => m.role === "user"),
    "has no message of the user",
  ),
});
export type ImportLine = z.infer<typeof importLineSchema>;

export interface ImportResult {
  imported: number;
  skipped: number;
  /** The first 100. */
  rejected: { line: number; message: string }[];
  rejectedCount: number;
}

export interface ImportDeps {
  db: Database;
  clock: Clock;
  bots: BotStore;
  ledger: ConversationLedger;
}

const MAX_REJECTED_SHOWN = 100;
/** Conversations to an atomic; fewer where an atomic may carry few checks. */
const MAX_GROUP = 40;
const MAX_GROUP_BYTES = 300_000;
/** Ids in a group, in bytes: each stands in up to a dozen keys, which an atomic holds 80 KiB of. */
const MAX_GROUP_ID_BYTES = 5_000;
const CHUNK_BYTES = 50_000;
const MAX_GROUPS_UNDER_WAY = 4;

/**
 * Imports finished conversations from lines of JSON (null: a line too long to read), streamed: what is committed stays, so an
 * import that was cut off is simply sent again and skips what is there. Resolves when everything
 * is durable.
 */
export async function importConversations(
  deps: ImportDeps,
  lines: AsyncIterable<string | null>,
): Promise<ImportResult> {
  const result: ImportResult = { imported: 0, skipped: 0, rejected: [], rejectedCount: 0 };
  const groupSize = Math.max(1, Math.min(MAX_GROUP, Math.floor((deps.db.maxChecks - 10) / 2)));
  const underWay = new Set<Promise<void>>();
  const inThisImport = new Set<string>();
  let group: ImportLine[] = [];
  let groupBytes = 0;
  let idBytes = 0;
  const flush = async () => {
    const sent = group;
    group = [];
    groupBytes = 0;
    idBytes = 0;
    if (sent.length === 0) return;
    const work: Promise<void> = importGroup(deps, sent).then((imported) => {
      result.imported += imported;
      result.skipped += sent.length - imported;
      for (const line of sent) inThisImport.delete(line.conversation_id);
      underWay.delete(work);
    });
    underWay.add(work);
    if (underWay.size >= MAX_GROUPS_UNDER_WAY) await Promise.race(underWay);
  };
  let number = 0;
  for await (const text of lines) {
    number++;
    if (text?.trim() === "") continue;
    const parsed = text === null ? "the line is above 1 MiB" : parseLine(text);
    if (typeof parsed === "string") {
      result.rejectedCount++;
      if (result.rejected.length < MAX_REJECTED_SHOWN) {
        result.rejected.push({ line: number, message: parsed });
      }
      continue;
    }
    if (inThisImport.has(parsed.conversation_id)) {
      // The same conversation again while its first line is under way: settle that first.
      await flush();
      await Promise.all(underWay);
    }
    inThisImport.add(parsed.conversation_id);
    group.push(parsed);
    groupBytes += text!.length * 2;
    idBytes += utf8Length(parsed.conversation_id) + utf8Length(parsed.user_id);
    const full = group.length >= groupSize || groupBytes >= MAX_GROUP_BYTES ||
      idBytes >= MAX_GROUP_ID_BYTES;
    if (full) await flush();
  }
  await flush();
  await Promise.all(underWay);
  return result;
}

const encoder = new TextEncoder();
const utf8Length = (text: string): number => encoder.encode(text).length;

/** The line as a conversation, or what is wrong with it. */
export function parseLine(text: string): ImportLine | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "not JSON";
  }
  const parsed = importLineSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  return `${issue.path.join(".") || "line"}: ${issue.message}`;
}

/** Stores those of a group that are not there yet; returns how many. */
function importGroup(deps: ImportDeps, group: ImportLine[]): Promise<number> {
  const { db, clock, bots, ledger } = deps;
  return commitFresh(db, async (tx) => {
    const present = await Promise.all(group.map(async ({ conversation_id }) => {
      const [stored, deleted] = await db.kv.getMany([
        conversationKey(conversation_id),
        deletedKey(await deletedHash(conversation_id)),
      ]);
      return stored.value !== null || deleted.value !== null;
    }));
    const storedAt = clock.now();
    const entries: ImportedEntry[] = [];
    group.forEach((line, index) => {
      if (present[index]) return;
      const entry = toEntry(line);
      const key = conversationKey(line.conversation_id);
      const chunks = chunkMessages(line.messages);
      const record: ConversationRecord = {
        botId: line.bot_id,
        userId: line.user_id,
        startedAt: entry.startedAt,
        storedAt,
        status: line.status,
        turns: 0,
        open: [],
        messages: entry.messages,
        completedAt: entry.endedAt,
        imported: true,
        importedChunks: chunks.length,
      };
      if (entry.satisfaction !== null) record.satisfaction = entry.satisfaction;
      tx.check(key, null).set(key, record);
      chunks.forEach((chunk, n) => tx.set(messagesKey(line.conversation_id, n), chunk));
      tx.set(storedKey(storedAt, line.conversation_id), 1);
      tx.set(freshKey(storedAt, line.conversation_id), 1);
      bots.noteUsed(tx, line.bot_id, line.bot_name);
      entries.push(entry);
    });
    if (entries.length > 0) await ledger.imported(tx, entries);
    return entries.length;
  });
}

function toEntry(line: ImportLine): ImportedEntry {
  let startedAt = Infinity;
  let endedAt = -Infinity;
  let userMessages = 0;
  for (const { role, at } of line.messages) {
    const time = Date.parse(at);
    if (role === "user") {
      userMessages++;
      startedAt = Math.min(startedAt, time);
    }
    endedAt = Math.max(endedAt, time);
  }
  return {
    conversationId: line.conversation_id,
    botId: line.bot_id,
    botName: line.bot_name,
    userId: line.user_id,
    startedAt,
    endedAt,
    status: line.status,
    satisfaction: line.satisfaction_score ?? null,
    messages: line.messages.length,
    userMessages,
  };
}

/** Messages in groups that each fit a KV value; a message too long for one is split. */
function chunkMessages(messages: Message[]): Message[][] {
  const chunks: Message[][] = [];
  let chunk: Message[] = [];
  let bytes = 0;
  for (const message of messages.flatMap(splitMessage)) {
    const size = estimateSize(message) + 4;
    if (chunk.length > 0 && bytes + size > CHUNK_BYTES) {
      chunks.push(chunk);
      chunk = [];
      bytes = 0;
    }
    chunk.push(message);
    bytes += size;
  }
  chunks.push(chunk);
  return chunks;
}

const MAX_CONTENT = 20_000;

function splitMessage(message: Message): Message[] {
  if (message.content.length <= MAX_CONTENT) return [message];
  const parts: Message[] = [];
  for (let i = 0; i < message.content.length; i += MAX_CONTENT) {
    parts.push({
      ...message,
      content: message.content.slice(i, i + MAX_CONTENT),
      continued: i > 0,
    });
  }
  return parts;
}
