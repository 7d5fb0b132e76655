import type { Database } from "../kv/database.ts";
import { commitFresh } from "../kv/idempotency.ts";
import { WriteSet } from "../kv/write_set.ts";
import type { ConversationRecord, Message } from "./conversation.ts";
import { messagesKey, messagesPrefix, textsKey } from "./keys.ts";
import { joinPacked, packMessages, splitPacked, unpackMessages } from "./packed_messages.ts";

/** Where a conversation's imported texts lie: in a shared record, or in parts of its own. */
export type TextsPlace = Pick<ConversationRecord, "importedBlock" | "importedChunks">;

/** Ids of conversations and their packed messages in turn. */
type Block = readonly string[];

/** Characters of a shared record, two bytes each at worst; a longer text has one of its own. */
const BLOCK_CHARACTERS = 15_000;
const LONGEST_IN_BLOCK = 24_000;
const PARTS_AN_ATOMIC = 8;
/** Parts that may go with everything else; more are committed before. */
const PARTS_BESIDE = 3;

/**
 * Gathers the texts of conversations that are imported together. Several share a record: a text of
 * usual length wastes most of the page that a record of its own would take.
 */
export class TextsWriter {
  #block: string[] = [];
  #characters = 0;
  #name = "";
  #blocks = 0;

  /** `name` is unique among all imports. */
  constructor(readonly db: Database, readonly tx: WriteSet, readonly name: string) {}

  /**
   * Adds a conversation's packed texts. Parts of a very long one are committed at once, where nobody
   * sees them until the record that counts them is there, too.
   */
  async add(id: string, packed: string): Promise<TextsPlace> {
    if (packed.length > LONGEST_IN_BLOCK) return await this.#addParts(id, splitPacked(packed));
    if (this.#characters + packed.length > BLOCK_CHARACTERS) this.flush();
    if (this.#block.length === 0) this.#name = `${this.name}-${this.#blocks++}`;
    this.#block.push(id, packed);
    this.#characters += packed.length;
    return { importedBlock: this.#name };
  }

  /** To be called when all are added. */
  flush(): void {
    if (this.#block.length > 0) this.tx.set(textsKey(this.#name), this.#block);
    this.#block = [];
    this.#characters = 0;
  }

  async #addParts(id: string, parts: Uint8Array[]): Promise<TextsPlace> {
    const before = parts.length > PARTS_BESIDE;
    for (let at = 0; at < parts.length; at += PARTS_AN_ATOMIC) {
      const into = before ? new WriteSet() : this.tx;
      parts.slice(at, at + PARTS_AN_ATOMIC)
        .forEach((part, n) => into.set(messagesKey(id, at + n), part));
      if (before) await this.db.commit(into);
    }
    return { importedChunks: parts.length };
  }
}

/** A conversation's imported messages; one too long for a record of an earlier release is joined. */
export async function readImportedTexts(
  kv: Deno.Kv,
  id: string,
  { importedBlock, importedChunks }: TextsPlace,
): Promise<Message[]> {
  if (importedBlock !== undefined) {
    const { value } = await kv.get<Block>(textsKey(importedBlock));
    const at = indexIn(value, id);
    return at < 0 ? [] : unpackMessages(value![at + 1]!);
  }
  if (!importedChunks) return [];
  const parts: Uint8Array[] = [];
  const messages: Message[] = [];
  for await (
    const { value } of kv.list<Uint8Array | string | Message[]>({ prefix: messagesPrefix(id) })
  ) {
    if (value instanceof Uint8Array) parts.push(value);
    else for (const message of unpackMessages(value)) append(messages, message);
  }
  return parts.length > 0 ? unpackMessages(joinPacked(parts)) : messages;
}

/** Takes the conversation's texts out of the record that it shares; parts of its own are left. */
export async function leaveBlock(
  kv: Deno.Kv,
  tx: WriteSet,
  id: string,
  { importedBlock }: TextsPlace,
): Promise<void> {
  if (importedBlock === undefined) return;
  const key = textsKey(importedBlock);
  const { value, versionstamp } = await kv.get<Block>(key);
  const at = indexIn(value, id);
  if (at < 0) return;
  const rest = value!.toSpliced(at, 2);
  tx.check(key, versionstamp);
  if (rest.length > 0) tx.set(key, rest);
  else tx.delete(key);
}

/** Replaces the content of every imported message. */
export async function overwriteImportedTexts(
  db: Database,
  id: string,
  place: TextsPlace,
  content: string,
): Promise<void> {
  const { importedBlock } = place;
  await commitFresh(db, async (tx) => {
    const messages = await readImportedTexts(db.kv, id, place);
    if (messages.length === 0) return;
    const packed = packMessages(messages.map((message) => ({ ...message, content })));
    if (importedBlock !== undefined) {
      const key = textsKey(importedBlock);
      const { value, versionstamp } = await db.kv.get<Block>(key);
      const at = indexIn(value, id);
      if (at >= 0) tx.check(key, versionstamp).set(key, value!.with(at + 1, packed));
      return;
    }
    for await (const { key } of db.kv.list({ prefix: messagesPrefix(id) })) tx.delete(key);
    splitPacked(packed).forEach((part, n) => tx.set(messagesKey(id, n), part));
  });
}

/** Where the conversation's id stands in a block, or −1. */
function indexIn(block: Block | null, id: string): number {
  for (let at = 0; block && at < block.length; at += 2) if (block[at] === id) return at;
  return -1;
}

function append(messages: Message[], { continued, ...message }: Message): void {
  const last = messages.at(-1);
  if (continued && last) last.content += message.content;
  else messages.push(message);
}
