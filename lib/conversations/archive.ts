import type { Clock } from "../clock.ts";
import type { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import type { AnswerRecord, ConversationRecord, TurnRecord } from "./conversation.ts";
import { deletedHash } from "./deleted.ts";
import {
  answersPrefix,
  archivedUpToKey,
  archiveKey,
  archivePrefix,
  conversationKey,
  deletedKey,
  deletionsKey,
  importantKey,
  messagesPrefix,
  passedByKey,
  passedByPrefix,
  storedKey,
  storedPrefix,
  takenKey,
  turnsPrefix,
} from "./keys.ts";
import { leaveBlock } from "./imported_texts.ts";
import { packText } from "./packed_messages.ts";
import type { ConversationLedger } from "./ledger.ts";
import { type ArchivedTexts, readLatestAnswer, readTranscript } from "./transcript.ts";

const DAY_MS = 86_400_000;
const ARCHIVE_CHUNK_BYTES = 48_000;
const MAX_DELETES = 400;

export interface CleanUpOptions {
  db: Database;
  clock: Clock;
  ledger: Pick<ConversationLedger, "forgotten">;
  /** Texts are packed after this many days, everything is deleted after the other; 0 = never. */
  archiveAfterDays: number;
  deleteAfterDays: number;
  /** Conversations handled in one call at most. */
  limit: number;
  signal: AbortSignal;
  progress: (done: number) => void;
}

/** A conversation by when it was stored; `again`: the archive has passed it by before. */
interface Place {
  storedAt: number;
  id: string;
  again?: boolean;
}

/** Packs old conversations and deletes very old ones. Ages count from when they were stored here. */
export async function cleanUpConversations(
  options: CleanUpOptions,
): Promise<{ archived: number; deleted: number; more: boolean }> {
  const { db, clock, ledger, limit, signal } = options;
  const now = clock.now();
  let archived = 0;
  let deleted = 0;
  const found = async (prefix: Deno.KvKey, days: number, room: number, from = [...prefix, 0]) => {
    const before = now - days * DAY_MS;
    // The cursor may lie behind the end, where more days are configured than were.
    if (days <= 0 || room <= 0 || Number(from[2]) >= before) return [];
    const places: Place[] = [];
    const range = { start: from, end: [...prefix, before] };
    for await (const { key } of db.kv.list(range, { limit: room })) {
      places.push({ storedAt: Number(key.at(-2)), id: String(key.at(-1)) });
    }
    return places;
  };
  const stale = await found(storedPrefix, options.deleteAfterDays, limit);
  for (const { id, storedAt } of stale) {
    signal.throwIfAborted();
    if (await deleteConversation(db, ledger, id, storedAt)) deleted++;
    options.progress(deleted);
  }
  const { archiveAfterDays } = options;
  // At most half of what is looked at again, so that those which must wait on hold up nobody.
  const room = limit - stale.length;
  const again = await found(passedByPrefix, archiveAfterDays, room >> 1);
  const { value: cursor } = await db.kv.get<Deno.KvKeyPart[]>(archivedUpToKey);
  const next = await found(
    storedPrefix,
    archiveAfterDays,
    room - again.length,
    cursor ?? undefined,
  );
  for (const place of [...again.map((place) => ({ ...place, again: true })), ...next]) {
    signal.throwIfAborted();
    if (await archiveConversation(db, ledger, place)) archived++;
    options.progress(deleted + archived);
  }
  const last = next.at(-1);
  if (last) {
    const beyond = storedKey(last.storedAt, `${last.id}\0`);
    await db.commit(new WriteSet().set(archivedUpToKey, beyond));
  }
  const looked = stale.length + again.length + next.length;
  return { archived, deleted, more: looked >= limit && deleted + archived + next.length > 0 };
}

/** Packs a conversation's texts; one that cannot be packed now is looked at again. */
async function archiveConversation(
  db: Database,
  ledger: Pick<ConversationLedger, "forgotten">,
  place: Place,
): Promise<boolean> {
  const entry = await db.kv.get<ConversationRecord>(conversationKey(place.id));
  const record = entry.value;
  const again = passedByKey(place.storedAt, place.id);
  if (!record) {
    await db.commit(new WriteSet().delete(again));
    return false;
  }
  // Archived before there was a cursor: what has been said since stands among those of another look.
  if (!place.again && record.archivedChunks) return false;
  // Whoever says that it matters less puts it before the archive again.
  if (record.importance === "high") return false;
  if (record.open.length === 0 && await pack(db, ledger, place, entry)) return true;
  if (!place.again) await db.commit(new WriteSet().set(again, 1));
  return false;
}

/** False when it is too large for one atomic, or has changed meanwhile. */
async function pack(
  db: Database,
  ledger: Pick<ConversationLedger, "forgotten">,
  { id, storedAt }: Place,
  entry: Deno.KvEntry<ConversationRecord>,
): Promise<boolean> {
  const record = entry.value;
  const texts: ArchivedTexts = { messages: await readTranscript(db.kv, id, record) };
  const latest = await readLatestAnswer(db.kv, id, record);
  if (latest) texts.latest = latest;
  const packed = packText(JSON.stringify(texts));
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < packed.length; at += ARCHIVE_CHUNK_BYTES) {
    chunks.push(packed.slice(at, at + ARCHIVE_CHUNK_BYTES));
  }
  if (chunks.length > 10) return false; // larger than one atomic should carry: it stays as it is
  const { importedChunks: _parts, importedBlock: _block, ...rest } = record;
  const tx = new WriteSet().check(conversationKey(id), entry.versionstamp)
    .set(conversationKey(id), { ...rest, archivedChunks: chunks.length })
    .delete(passedByKey(storedAt, id));
  chunks.forEach((chunk, n) => tx.set(archiveKey(id, n), chunk));
  const keys = await textKeys(db, id);
  if (keys.length > MAX_DELETES) return false;
  for (const key of keys) if (key[1] !== "a") tx.delete(key);
  await leaveBlock(db.kv, tx, id, record);
  const turnEnds = await readTurnEnds(db, id);
  ledger.forgotten(tx, { startedAt: record.startedAt, turnEnds, gone: false });
  return await db.commit(tx);
}

/** Deletes a conversation and all its texts; the hash of its id stays. */
export async function deleteConversation(
  db: Database,
  ledger: Pick<ConversationLedger, "forgotten">,
  id: string,
  storedAt: number,
): Promise<boolean> {
  const entry = await db.kv.get<ConversationRecord>(conversationKey(id));
  if (entry.value && entry.value.open.length > 0) return false;
  const keys = await textKeys(db, id);
  const turnEnds = await readTurnEnds(db, id);
  const startedAt = entry.value?.startedAt ?? storedAt;
  if (keys.length > MAX_DELETES) {
    const first = new WriteSet();
    ledger.forgotten(first, { startedAt, turnEnds, gone: true });
    await db.commit(first);
  }
  // Texts go first, in bounded batches; the record that makes them findable goes last.
  while (keys.length > MAX_DELETES) {
    const tx = new WriteSet();
    for (const key of keys.splice(0, MAX_DELETES)) tx.delete(key);
    await db.commit(tx.set(takenKey, 1));
  }
  const tx = new WriteSet().check(conversationKey(id), entry.versionstamp)
    .delete(conversationKey(id))
    .delete(storedKey(storedAt, id))
    .delete(passedByKey(storedAt, id))
    .delete(importantKey(storedAt, id))
    .set(deletedKey(deletedHash(id)), 1)
    .set(deletionsKey, 1)
    .set(takenKey, 1);
  for (const key of keys) tx.delete(key);
  if (entry.value) await leaveBlock(db.kv, tx, id, entry.value);
  ledger.forgotten(tx, { startedAt, turnEnds, gone: true });
  return await db.commit(tx);
}

/** When the turns whose figures are kept ended, those of earlier tries too. */
async function readTurnEnds(db: Database, id: string): Promise<number[]> {
  const ends: number[] = [];
  for await (const { value } of db.kv.list<AnswerRecord>({ prefix: answersPrefix(id) })) {
    ends.push(value.at);
  }
  for await (const { value } of db.kv.list<TurnRecord>({ prefix: turnsPrefix(id) })) {
    for (const { at } of value.earlier ?? []) ends.push(at);
  }
  return ends;
}

async function textKeys(db: Database, id: string): Promise<Deno.KvKey[]> {
  const keys: Deno.KvKey[] = [];
  for (
    const prefix of [turnsPrefix(id), answersPrefix(id), messagesPrefix(id), archivePrefix(id)]
  ) {
    for await (const { key } of db.kv.list({ prefix })) keys.push(key);
  }
  return keys;
}
