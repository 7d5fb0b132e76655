/** Key map of conversations: everything lies under `["conv", …]`. */
const ROOT = "conv";

export const conversationKey = (id: string): Deno.KvKey => [ROOT, "c", id];
export const conversationsPrefix: Deno.KvKey = [ROOT, "c"];
/** What a user asked in a turn. */
export const turnKey = (id: string, turn: number): Deno.KvKey => [ROOT, "t", id, turn];
/** How a turn ended. */
export const answerKey = (id: string, turn: number): Deno.KvKey => [ROOT, "r", id, turn];
export const turnsPrefix = (id: string): Deno.KvKey => [ROOT, "t", id];
export const answersPrefix = (id: string): Deno.KvKey => [ROOT, "r", id];
/** Messages that came by import: those of several conversations in one record. */
export const textsKey = (block: string): Deno.KvKey => [ROOT, "x", block];
/** Those of a long conversation, in parts. */
export const messagesKey = (id: string, chunk: number): Deno.KvKey => [ROOT, "m", id, chunk];
export const messagesPrefix = (id: string): Deno.KvKey => [ROOT, "m", id];
/** Packed texts of an archived conversation. */
export const archiveKey = (id: string, chunk: number): Deno.KvKey => [ROOT, "a", id, chunk];
export const archivePrefix = (id: string): Deno.KvKey => [ROOT, "a", id];
/** Turns without an answer, oldest first; the sweep looks here for lost ones. */
export const pendingKey = (at: number, id: string, turn: number): Deno.KvKey => [
  ROOT,
  "p",
  at,
  id,
  turn,
];
export const pendingPrefix: Deno.KvKey = [ROOT, "p"];
/** Conversations by the time they were stored, for lists and clean-ups. */
export const storedKey = (storedAt: number, id: string): Deno.KvKey => [ROOT, "s", storedAt, id];
export const storedPrefix: Deno.KvKey = [ROOT, "s"];
/** Conversations that the archive has passed by and should look at again. */
export const passedByKey = (storedAt: number, id: string): Deno.KvKey => [ROOT, "f", storedAt, id];
export const passedByPrefix: Deno.KvKey = [ROOT, "f"];
/** How far the archive has come through the stored ones. */
export const archivedUpToKey: Deno.KvKey = [ROOT, "au"];
/** Written whenever a conversation is deleted, so that a check tells whether any was. */
export const deletionsKey: Deno.KvKey = [ROOT, "deletions"];
/** Written whenever texts are taken away, so that who remembers some can tell. */
export const takenKey: Deno.KvKey = [ROOT, "taken"];
/** Conversations of high importance by the time they were stored; the archive leaves them. */
export const importantKey = (storedAt: number, id: string): Deno.KvKey => [ROOT, "i", storedAt, id];
export const importantPrefix: Deno.KvKey = [ROOT, "i"];
/** A deleted conversation, by the hash of its id. */
export const deletedKey = (idHash: string): Deno.KvKey => [ROOT, "gone", idHash];
export const deletedPrefix: Deno.KvKey = [ROOT, "gone"];
export const batchKey = (batchId: string): Deno.KvKey => [ROOT, "b", batchId];
export const batchesPrefix: Deno.KvKey = [ROOT, "b"];
/** How far the sweep of batches has come. */
export const batchesSweptKey: Deno.KvKey = [ROOT, "bs"];
/** The task of one conversation of a batch. */
export const batchItemKey = (batchId: string, index: number): Deno.KvKey => [
  ROOT,
  "bi",
  batchId,
  index,
];
export const batchItemsPrefix = (batchId: string): Deno.KvKey => [ROOT, "bi", batchId];
/** Counter of a batch's ended conversations by how they ended. */
export const batchCountKey = (batchId: string, status: string): Deno.KvKey => [
  ROOT,
  "bn",
  batchId,
  status,
];
