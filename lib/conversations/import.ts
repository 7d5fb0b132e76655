import type { Clock } from "../clock.ts";
import type { Database } from "../kv/database.ts";
import { commitFresh } from "../kv/idempotency.ts";
import type { WriteSet } from "../kv/write_set.ts";
import type { BotStore } from "./bot_store.ts";
import type { ConversationRecord } from "./conversation.ts";
import { deletedHash } from "./deleted.ts";
import { type ReadyConversation, readyConversation } from "./import_entry.ts";
import { parseLine } from "./import_line.ts";
import { TextsWriter } from "./imported_texts.ts";
import { conversationKey, deletedKey, deletedPrefix, deletionsKey, storedKey } from "./keys.ts";
import type { ConversationLedger } from "./ledger.ts";
import type { Line } from "./lines.ts";
import { readMany } from "../kv/read_many.ts";

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
/** Bytes of a group of conversations, which go into one atomic, taking every character for two. */
const MAX_GROUP_BYTES = 400_000;
/** Ids in a group, in bytes: each stands in up to a dozen keys, which an atomic holds 80 KiB of. */
const MAX_GROUP_ID_BYTES = 5_000;
const MAX_GROUPS_UNDER_WAY = 4;
/** Others get their turn after so many lines, of which none may be worth a commit. */
const LINES_A_TURN = 64;

/**
 * Imports finished conversations from lines of JSON, streamed: what is committed stays, so an
 * import that was cut off is simply sent again and skips what is there. Resolves when everything
 * is durable.
 */
export async function importConversations(
  deps: ImportDeps,
  lines: AsyncIterable<Line>,
): Promise<ImportResult> {
  const result: ImportResult = { imported: 0, skipped: 0, rejected: [], rejectedCount: 0 };
  // A check for each conversation, and one for all of them.
  const groupSize = Math.max(1, deps.db.maxChecks - 2);
  const presence = { expected: false, deleted: await anyDeleted(deps.db.kv) };
  const underWay = new Set<Promise<void>>();
  const inThisImport = new Set<string>();
  let group: ReadyConversation[] = [];
  let groupBytes = 0;
  let idBytes = 0;
  let failure: { error: unknown } | undefined;
  const flush = async () => {
    const sent = group;
    group = [];
    groupBytes = 0;
    idBytes = 0;
    if (sent.length === 0) return;
    const work: Promise<void> = importGroup(deps, sent, presence).then((imported) => {
      result.imported += imported;
      result.skipped += sent.length - imported;
      for (const { entry } of sent) inThisImport.delete(entry.conversationId);
    }).catch((error) => {
      failure ??= { error };
    }).finally(() => underWay.delete(work));
    underWay.add(work);
    if (underWay.size >= MAX_GROUPS_UNDER_WAY) await Promise.race(underWay);
    if (failure) throw failure.error;
  };
  let number = 0;
  let taken = 0;
  try {
    for await (const text of lines) {
      if (++taken % LINES_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
      number += typeof text === "number" ? text : 1;
      if (typeof text === "number" || text?.trim() === "") continue;
      const parsed = text === null ? "the line is above 1 MiB" : parseLine(text);
      if (typeof parsed === "string") {
        result.rejectedCount++;
        if (result.rejected.length < MAX_REJECTED_SHOWN) {
          result.rejected.push({ line: number, message: parsed });
        }
        continue;
      }
      const { conversation_id: id, user_id: userId } = parsed;
      if (inThisImport.has(id)) {
        // The same conversation again while its first line is under way: settle that first.
        await flush();
        await Promise.all(underWay);
      }
      inThisImport.add(id);
      const ready = readyConversation(parsed);
      group.push(ready);
      groupBytes += ready.bytes;
      idBytes += utf8Length(id) + utf8Length(userId);
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

function utf8Length(text: string): number {
  return NOT_ASCII.test(text) ? encoder.encode(text).length : text.length;
}

interface Presence {
  /** Conversations of this import are likely to be there already. */
  expected: boolean;
  /** Some conversation was ever deleted. */
  deleted: boolean;
}

async function anyDeleted(kv: Deno.Kv): Promise<boolean> {
  for await (const _ of kv.list({ prefix: deletedPrefix }, { limit: 1 })) return true;
  return false;
}

/**
 * Stores those of a group that are not there yet; returns how many. Nothing is read for the first
 * try of a group that is likely to be new: its checks tell when that was wrong.
 */
function importGroup(
  deps: ImportDeps,
  group: ReadyConversation[],
  presence: Presence,
): Promise<number> {
  const { db, clock, bots, ledger } = deps;
  let tries = 0;
  return commitFresh(db, async (tx) => {
    if (tries++ > 0) presence.expected = true;
    const fresh = await freshOf(deps, tx, group, presence);
    presence.expected = fresh.length < group.length;
    if (fresh.length === 0) return 0;
    const storedAt = clock.now();
    const name = `${storedAt.toString(36).padStart(9, "0")}-${crypto.randomUUID().slice(0, 18)}`;
    const texts = new TextsWriter(db, tx, name);
    for (const { entry, packed } of fresh) {
      const { conversationId, botId, botName } = entry;
      const key = conversationKey(conversationId);
      const record: ConversationRecord = {
        botId,
        userId: entry.userId,
        startedAt: entry.startedAt,
        storedAt,
        status: entry.status,
        turns: 0,
        open: [],
        messages: entry.messages,
        completedAt: entry.endedAt,
        imported: true,
        ...await texts.add(conversationId, packed),
      };
      if (entry.satisfaction !== null) record.satisfaction = entry.satisfaction;
      tx.check(key, null).set(key, record);
      tx.set(storedKey(storedAt, conversationId), 1);
      bots.noteUsed(tx, botId, botName);
    }
    texts.flush();
    await ledger.imported(tx, fresh.map(({ entry }) => entry));
    return fresh.length;
  });
}

/** Those that are neither there nor deleted, as far as that is looked up. */
async function freshOf(
  { db }: ImportDeps,
  tx: WriteSet,
  group: ReadyConversation[],
  presence: Presence,
): Promise<ReadyConversation[]> {
  if (!presence.deleted) {
    const { value } = await db.get(deletionsKey);
    if (value !== null) presence.deleted = true;
    // A first deletion meanwhile may be of one of these.
    else tx.check(deletionsKey, null);
  }
  const keys: Deno.KvKey[] = [];
  for (const { entry: { conversationId: id } } of group) {
    if (presence.expected) keys.push(conversationKey(id));
    if (presence.deleted) keys.push(deletedKey(deletedHash(id)));
  }
  if (keys.length === 0) return group;
  const found = await readMany(db.kv, keys);
  const each = keys.length / group.length;
  return group.filter((_, index) =>
    found.slice(each * index, each * (index + 1)).every((value) => value === null)
  );
}
