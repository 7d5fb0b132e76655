import type { Database } from "../../kv/database.ts";
import { WriteSet } from "../../kv/write_set.ts";
import { modelName, type ModelStore } from "./model_files.ts";
import { type TrainedBot, unpackTrained } from "./trained_bot.ts";

/** Below the 64 KiB that one value may hold. */
const CHUNK_BYTES = 60 * 1024;
/** Chunks of one commit, below the 800 KiB that it may hold. */
const CHUNKS_A_COMMIT = 10;

interface ModelHead {
  fingerprint: string;
  /** Names the chunks, which lie there before the head does. */
  edition: string;
  bytes: number;
}

const headKey = (bot: string): Deno.KvKey => ["ai", "model", bot];
const chunksPrefix = (bot: string, edition?: string): Deno.KvKey =>
  edition === undefined ? ["ai", "model_part", bot] : ["ai", "model_part", bot, edition];

/**
 * Trained bots in the database, in chunks, for places without files. The head publishes an edition
 * in one commit, so that a reader finds all of it or none; they can be deleted at any time.
 */
export class ModelRecords implements ModelStore {
  constructor(readonly db: Database) {}

  async load(botId: string, fingerprint: string): Promise<TrainedBot | null> {
    const { kv } = this.db;
    const bot = modelName(botId);
    const { value: head } = await kv.get<ModelHead>(headKey(bot));
    if (head?.fingerprint !== fingerprint) return null;
    const bytes = new Uint8Array(head.bytes);
    let at = 0;
    // So few at a time because a page of a list may not hold much more.
    const options = { batchSize: CHUNKS_A_COMMIT };
    const prefix = chunksPrefix(bot, head.edition);
    for await (const { value } of kv.list<Uint8Array>({ prefix }, options)) {
      if (at + value.length > bytes.length) return null;
      bytes.set(value, at);
      at += value.length;
    }
    return at === bytes.length ? unpackTrained(bytes) : null; // replaced while we read
  }

  async save(botId: string, fingerprint: string, packed: Uint8Array): Promise<void> {
    const bot = modelName(botId);
    const edition = crypto.randomUUID();
    const count = Math.ceil(packed.length / CHUNK_BYTES);
    for (let first = 0; first < count; first += CHUNKS_A_COMMIT) {
      const tx = new WriteSet();
      for (let n = first; n < Math.min(count, first + CHUNKS_A_COMMIT); n++) {
        const part = packed.slice(n * CHUNK_BYTES, (n + 1) * CHUNK_BYTES);
        tx.set([...chunksPrefix(bot, edition), n], part);
      }
      await this.db.commit(tx);
    }
    const head: ModelHead = { fingerprint, edition, bytes: packed.length };
    await this.db.commit(new WriteSet().set(headKey(bot), head));
    await this.#removeOthers(bot, edition);
  }

  async remove(botId: string): Promise<void> {
    const bot = modelName(botId);
    await this.db.commit(new WriteSet().delete(headKey(bot)));
    await this.#removeOthers(bot);
  }

  /** Editions before this one (all without one), and what a killed process left of its own. */
  async #removeOthers(bot: string, edition?: string): Promise<void> {
    const tx = new WriteSet();
    const options = { batchSize: CHUNKS_A_COMMIT };
    for await (const { key } of this.db.kv.list({ prefix: chunksPrefix(bot) }, options)) {
      if (key[3] !== edition && tx.mutations.length < 500) tx.delete(key);
    }
    if (!tx.empty) await this.db.commit(tx);
  }
}
