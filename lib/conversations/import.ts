import type { Clock } from "../clock.ts";
import type { Database } from "../kv/database.ts";
import { commitFresh } from "../kv/idempotency.ts";
import { WriteSet } from "../kv/write_set.ts";
import type { BotStore } from "./bot_store.ts";
import type { ConversationRecord } from "./conversation.ts";
import { deletedHash } from "./deleted.ts";
import { type ImportLine, parseLine } from "./import_line.ts";
import { conversationKey, deletedKey, freshKey, messagesKey, storedKey } from "./keys.ts";
import type { ConversationLedger, ImportedEntry } from "./ledger.ts";
import { packMessages } from "./packed_messages.ts";
import { readMany } from "./transcript.ts";

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
const CHUNKS_AN_ATOMIC = 7;
const MAX_GROUPS_UNDER_WAY = 8;

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
  let failure: { error: unknown } | undefined;
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
    }).catch((error) => {
      failure ??= { error };
    }).finally(() => underWay.delete(work));
    underWay.add(work);
    if (underWay.size >= MAX_GROUPS_UNDER_WAY) await Promise.race(underWay);
    if (failure) throw failure.error;
  };
  let number = 0;
  try {
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
      groupBytes += text!.length * (WIDE.test(text!) ? 2 : 1);
      idBytes += utf8Length(parsed.conversation_id) + utf8Length(parsed.user_id);
      const full = group.length >= groupSize || groupBytes >= MAX_GROUP_BYTES ||
        idBytes >= MAX_GROUP_ID_BYTES;
      if (full) await flush();
    }
    await flush();
  } finally {
    await Promise.all(underWay);
  }
  if (failure) throw (failure as { error: unknown }).error;
  return result;
}

const encoder = new TextEncoder();
const NOT_ASCII = /[\u0080-\uffff]/;
/** Text whose characters take two bytes each when stored, here or once its escapes are read. */
const WIDE = /[\u0100-\uffff]|\\u/;

function utf8Length(text: string): number {
  return NOT_ASCII.test(text) ? encoder.encode(text).length : text.length;
}

/** Stores those of a group that are not there yet; returns how many. */
function importGroup(deps: ImportDeps, group: ImportLine[]): Promise<number> {
  const { db, clock, bots, ledger } = deps;
  return commitFresh(db, async (tx) => {
    const keys = group.flatMap(({ conversation_id: id }) => [
      conversationKey(id),
      deletedKey(deletedHash(id)),
    ]);
    const found = await readMany(db.kv, keys);
    const present = group.map((_, index) =>
      found[2 * index] !== null || found[2 * index + 1] !== null
    );
    const storedAt = clock.now();
    const entries: ImportedEntry[] = [];
    for (const [index, line] of group.entries()) {
      if (present[index]) continue;
      const entry = toEntry(line);
      const key = conversationKey(line.conversation_id);
      const chunks = packMessages(line.messages);
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
      await storeChunks(db, tx, line.conversation_id, chunks);
      tx.set(storedKey(storedAt, line.conversation_id), 1);
      tx.set(freshKey(storedAt, line.conversation_id), 1);
      bots.noteUsed(tx, line.bot_id, line.bot_name);
      entries.push(entry);
    }
    if (entries.length > 0) await ledger.imported(tx, entries);
    return entries.length;
  });
}

/**
 * Adds a conversation's messages. Those of a very long one take more than an atomic carries: they
 * are committed first, where nobody sees them until the record that counts them is there, too.
 */
async function storeChunks(
  db: Database,
  tx: WriteSet,
  id: string,
  chunks: string[],
): Promise<void> {
  const before = chunks.length > CHUNKS_AN_ATOMIC;
  for (let at = 0; at < chunks.length; at += CHUNKS_AN_ATOMIC) {
    const into = before ? new WriteSet() : tx;
    chunks.slice(at, at + CHUNKS_AN_ATOMIC)
      .forEach((chunk, n) => into.set(messagesKey(id, at + n), chunk));
    if (before) await db.commit(into);
  }
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
