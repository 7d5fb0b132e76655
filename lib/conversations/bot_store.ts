import { AppError } from "../errors.ts";
import { commitFresh } from "../kv/idempotency.ts";
import type { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import type { BotDefinition } from "../ai/responder.ts";
import { deleteChunks, type Edition, readChunks, sweepDrafts, writeChunks } from "./bot_chunks.ts";

/** What a bot's owner sets. */
export type BotInput = Omit<BotDefinition, "botId" | "defined" | "version">;

/** The largest definition, as JSON. */
export const MAX_BOT_BYTES = 1024 * 1024;
const MAX_CACHED = 200;
const MAX_NOTED = 50_000;

interface BotMeta {
  name: string;
  version: number;
  since?: number;
  chunks: number;
  /** Absent in databases of before. */
  edition?: string;
  updatedAt: number;
  model?: string;
  cache?: BotDefinition["cache"];
  knowledgeCount: number;
  intentCount: number;
}

/** A bot without what it knows. */
export interface BotSummary {
  botId: string;
  name: string;
  defined: boolean;
  version: number;
  model?: string;
  cache?: BotDefinition["cache"];
  knowledgeCount: number;
  intentCount: number;
}

const metaKey = (id: string): Deno.KvKey => ["bots", "d", id];
/** The last version of a bot that was deleted, so that none comes twice. */
const lastVersionKey = (id: string): Deno.KvKey => ["bots", "v", id];
/** Bots that somebody talked to, defined or not. */
const usedKey = (id: string): Deno.KvKey => ["bots", "u", id];
/** The name that the last import gave a bot. */
const nameKey = (id: string): Deno.KvKey => ["bots", "n", id];
const usedPrefix: Deno.KvKey = ["bots", "u"];
const definedPrefix: Deno.KvKey = ["bots", "d"];

const placeOf = ({ edition, version, chunks }: BotMeta): { edition: Edition; chunks: number } => ({
  edition: edition ?? version,
  chunks,
});

/**
 * Bots' definitions. A definition may be a megabyte, so it is kept in chunks under an edition of its
 * own, and the record that names the edition is what makes it valid.
 */
export class BotStore {
  readonly #cache = new Map<string, BotDefinition>();
  readonly #noted = new Map<string, string | null>();

  constructor(readonly options: { db: Database; now: () => number }) {}

  /** The bot's definition; one that nobody defined has no knowledge and is named as imported. */
  async get(botId: string): Promise<BotDefinition> {
    const { db } = this.options;
    for (let attempt = 0; attempt < 5; attempt++) {
      const meta = await db.get<BotMeta>(metaKey(botId));
      if (!meta.value) return undefinedBot(botId, (await db.get<string>(nameKey(botId))).value);
      const cached = this.#cache.get(botId);
      if (cached?.version === meta.value.version) return cached;
      const text = await readChunks(db, botId, placeOf(meta.value));
      if (text === null) continue; // replaced while we read
      const input = JSON.parse(text) as BotInput;
      const { version, since } = meta.value;
      const bot = definition(input, botId, version, since);
      this.#remember(bot);
      return bot;
    }
    throw new AppError("unavailable", `bot ${botId} is being changed; try again`, {
      retryAfterSeconds: 1,
    });
  }

  /** The version of the bot's definition; 0 for one that nobody defined. */
  async version(botId: string): Promise<number> {
    return (await this.options.db.get<BotMeta>(metaKey(botId))).value?.version ?? 0;
  }

  /** True when the bot was defined or used. */
  async exists(botId: string): Promise<boolean> {
    const [meta, used] = await this.options.db.kv.getMany([metaKey(botId), usedKey(botId)]);
    return meta.value !== null || used.value !== null;
  }

  /** Defines or replaces a bot. Throws AppError `too_large` above 1 MiB. */
  async put(botId: string, input: BotInput): Promise<BotDefinition> {
    const { db, now } = this.options;
    const text = JSON.stringify(input);
    if (new TextEncoder().encode(text).length > MAX_BOT_BYTES) {
      throw new AppError("too_large", "a bot's definition may take 1 MiB");
    }
    const written = await writeChunks(db, { botId, text, now: now() });
    const publish = async (tx: WriteSet) => {
      const [entry, last] = await db.kv.getMany<[BotMeta, number]>([
        metaKey(botId),
        lastVersionKey(botId),
      ]);
      const version = (entry.value?.version ?? last.value ?? 0) + 1;
      const since = entry.value ? entry.value.since : last.value === null ? undefined : version;
      const meta: BotMeta = {
        name: input.name,
        version,
        since,
        chunks: written.chunks,
        edition: written.edition,
        updatedAt: now(),
        model: input.model,
        cache: input.cache,
        knowledgeCount: input.knowledge.length,
        intentCount: input.intents.length,
      };
      tx.check(metaKey(botId), entry.versionstamp).set(metaKey(botId), meta);
      tx.check(lastVersionKey(botId), last.versionstamp);
      written.publish(tx);
      if (entry.value) deleteChunks(tx, botId, placeOf(entry.value));
      return { version, since };
    };
    const { version, since } = await commitFresh(db, publish).catch(async (error) => {
      await written.discard().catch(() => {}); // if not now, then with the sweep
      throw error;
    });
    const bot = definition(input, botId, version, since);
    this.#remember(bot);
    return bot;
  }

  /**
   * Deletes a bot's definition and all it knows; false when nobody defined it. What was said to it
   * stays, and if it is defined again its versions go on from here, so that no answer or model of
   * before passes for a new one. `also` joins the commit.
   */
  async delete(botId: string, also?: (tx: WriteSet) => void): Promise<boolean> {
    const { db } = this.options;
    const deleted = await commitFresh(db, async (tx) => {
      const { value, versionstamp } = await db.kv.get<BotMeta>(metaKey(botId));
      if (!value) return false;
      tx.check(metaKey(botId), versionstamp).delete(metaKey(botId));
      tx.set(lastVersionKey(botId), value.version);
      deleteChunks(tx, botId, placeOf(value));
      also?.(tx);
      return true;
    });
    this.#cache.delete(botId);
    return deleted;
  }

  /** Bots by id, defined and merely used, at most `limit` (≤ 200) behind `cursor`. */
  async list(cursor = "", limit = 100): Promise<{ bots: BotSummary[]; nextCursor?: string }> {
    const { kv } = this.options.db;
    const ids = new Set<string>();
    await Promise.all([definedPrefix, usedPrefix].map(async (prefix) => {
      const entries = kv.list({ prefix, start: [...prefix, cursor + "\0"] }, { limit: limit + 1 });
      for await (const { key } of entries) ids.add(String(key.at(-1)));
    }));
    const page = [...ids].sort().slice(0, limit);
    const bots = await Promise.all(page.map((id) => this.#summary(id)));
    return ids.size > limit ? { bots, nextCursor: page.at(-1) } : { bots };
  }

  async #summary(botId: string): Promise<BotSummary> {
    const [meta, name] = await this.options.db.kv.getMany<[BotMeta, string]>([
      metaKey(botId),
      nameKey(botId),
    ]);
    if (!meta.value) {
      const { version, defined } = undefinedBot(botId, null);
      const counts = { knowledgeCount: 0, intentCount: 0 };
      return { botId, name: name.value ?? botId, defined, version, ...counts };
    }
    const { chunks: _chunks, edition: _edition, updatedAt: _updatedAt, since: _since, ...rest } =
      meta.value;
    return { botId, defined: true, ...rest };
  }

  /** Takes away what puts that were cut off have left; returns of how many. */
  sweep(): Promise<number> {
    return sweepDrafts(this.options.db, this.options.now());
  }

  /** The name people know the bot by, or undefined when it never had one. */
  async nameOf(botId: string): Promise<string | undefined> {
    const [meta, name] = await this.options.db.kv.getMany<[BotMeta, string]>([
      metaKey(botId),
      nameKey(botId),
    ]);
    return meta.value?.name ?? name.value ?? undefined;
  }

  /** Adds to `tx` that the bot is in use, and the name an import gave it. */
  noteUsed(tx: WriteSet, botId: string, name?: string): void {
    const known = this.#noted.get(botId);
    if (known !== undefined && (name === undefined || known === name)) return;
    tx.set(usedKey(botId), 1);
    if (name !== undefined) tx.set(nameKey(botId), name);
    tx.afterCommit(() => {
      if (this.#noted.size >= MAX_NOTED) this.#noted.clear();
      this.#noted.set(botId, name ?? known ?? "");
    });
  }

  #remember(bot: BotDefinition): void {
    this.#cache.delete(bot.botId);
    this.#cache.set(bot.botId, bot);
    if (this.#cache.size > MAX_CACHED) this.#cache.delete(this.#cache.keys().next().value!);
  }
}

function definition(
  input: BotInput,
  botId: string,
  version: number,
  since: number | undefined,
): BotDefinition {
  return { ...input, botId, defined: true, version, ...(since === undefined ? {} : { since }) };
}

function undefinedBot(botId: string, name: string | null): BotDefinition {
  return {
    botId,
    name: name ?? botId,
    defined: false,
    version: 0,
    cache: undefined,
    knowledge: [],
    intents: [],
  };
}
