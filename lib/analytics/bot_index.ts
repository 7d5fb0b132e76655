import { LRUCache } from "lru-cache";
import type { Database } from "../kv/database.ts";
import { MAX_KEYS_A_READ, readMany } from "../kv/read_many.ts";
import { WriteSet } from "../kv/write_set.ts";
import { botIdKey, botKey, nextBotKey } from "./keys.ts";
import { readNear } from "./read_near.ts";
import { compareIds } from "./rounding.ts";

const MAX_CACHED = 20_000;
const MAX_ATTEMPTS = 50;

/** What is stored about a bot: its number in the records and its last imported name. */
export interface IndexedBot {
  index: number;
  name?: string;
}

/** Gives every bot a small number, once and for good; records name bots by it. */
export class BotIndex {
  readonly #known = new LRUCache<string, IndexedBot>({
    maxSize: MAX_CACHED,
    sizeCalculation: () => 1,
  });
  #allocating: Promise<unknown> = Promise.resolve();

  constructor(readonly db: Database) {}

  /** The bot when it is known in memory. */
  peek(botId: string): IndexedBot | undefined {
    return this.#known.get(botId);
  }

  /** The bots with their numbers; those never seen get theirs now, in a commit of its own. */
  async resolve(botIds: Iterable<string>): Promise<Map<string, IndexedBot>> {
    const found = new Map<string, IndexedBot>();
    const unknown: string[] = [];
    for (const id of new Set(botIds)) {
      const bot = this.#known.get(id);
      if (bot) found.set(id, bot);
      else unknown.push(id);
    }
    if (unknown.length === 0) return found;
    const allocated = this.#allocating.then(() => this.#readOrAllocate(unknown));
    this.#allocating = allocated.catch(() => {});
    for (const [id, bot] of await allocated) found.set(id, bot);
    return found;
  }

  /** The bot's imported name was stored. */
  renamed(botId: string, bot: IndexedBot): void {
    this.#known.set(botId, bot);
  }

  async #readOrAllocate(botIds: string[]): Promise<Map<string, IndexedBot>> {
    const found = new Map<string, IndexedBot>();
    for (let i = 0; i < botIds.length; i += MAX_KEYS_A_READ - 1) {
      const part = botIds.slice(i, i + MAX_KEYS_A_READ - 1);
      for (const [id, bot] of await this.#allocate(part)) found.set(id, bot);
    }
    return found;
  }

  async #allocate(botIds: string[]): Promise<Map<string, IndexedBot>> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const [next, ...entries] = await this.db.kv.getMany<[number, ...IndexedBot[]]>(
        [nextBotKey, ...botIds.map(botKey)],
      );
      const found = new Map<string, IndexedBot>();
      let free = next!.value ?? 0;
      const tx = new WriteSet().check(nextBotKey, next!.versionstamp);
      botIds.forEach((id, i) => {
        const stored = entries[i]!.value;
        const bot = stored ?? { index: free++ };
        if (!stored) tx.set(botKey(id), bot).set(botIdKey(bot.index), id);
        found.set(id, bot);
      });
      const allocates = free !== (next!.value ?? 0);
      if (!allocates || await this.db.commit(tx.set(nextBotKey, free))) {
        for (const [id, bot] of found) this.#known.set(id, bot);
        return found;
      }
    }
    throw new Error("could not number a new bot: other processes keep doing so");
  }
}

/** Ids by number, as far as they were read: they never change. */
const KNOWN_IDS = new WeakMap<Deno.Kv, Map<number, string>>();

/** The ids behind bots' numbers. */
export async function readBotIds(kv: Deno.Kv, indexes: number[]): Promise<Map<number, string>> {
  const known = KNOWN_IDS.get(kv) ?? new Map<number, string>();
  KNOWN_IDS.set(kv, known);
  if (known.size > MAX_CACHED) known.clear();
  const missing = indexes.filter((index) => !known.has(index));
  const entries = await readMany<string>(kv, missing.map(botIdKey));
  missing.forEach((index, i) => {
    if (entries[i] != null) known.set(index, entries[i]);
  });
  return new Map(indexes.map((index) => [index, known.get(index) ?? `#${index}`]));
}

/** The names that bots were last imported with, for those that were. */
export async function readImportedNames(
  kv: Deno.Kv,
  botIds: string[],
): Promise<Map<string, string>> {
  const bots = await readNear(kv, botKey, botIds.toSorted(compareIds));
  const names = new Map<string, string>();
  for (const [id, bot] of bots) {
    const name = (bot as IndexedBot | null)?.name;
    if (name !== undefined) names.set(id, name);
  }
  return names;
}
