import type { Redis } from "ioredis";
import { GENERATION_SECONDS, REMOVE_ENTRIES, RENEW_GENERATION } from "./redis_scripts.ts";
import { runScript } from "./redis_script.ts";
import type { RedisStore } from "./redis_store.ts";
import { namespaceOf } from "./key_space.ts";

const MAX_KEYS = 10_000;
const MAX_NAMES = 1_000;
const KEYS_AT_ONCE = 200;

/**
 * Deletions and invalidations that Redis could not be told of, until it can be: an entry that was
 * deleted while Redis was away must not come back with it. Too many keys become their namespaces,
 * too many namespaces everything.
 */
export class UnsentInvalidations {
  readonly #keys = new Set<string>();
  readonly #namespaces = new Set<string>();
  readonly #tags = new Set<string>();
  #everything = false;
  #replayed = 0;
  readonly #onAdd: () => void;

  /** `onAdd` is called when there is something: nobody may read before it has been made good. */
  constructor(onAdd: () => void) {
    this.#onAdd = onAdd;
  }

  get size(): number {
    return this.#keys.size + this.#namespaces.size + this.#tags.size + (this.#everything ? 1 : 0);
  }

  /** How many have been made good so far. */
  get replayed(): number {
    return this.#replayed;
  }

  key(key: string): void {
    this.#onAdd();
    if (this.#everything || this.#namespaces.has(namespaceOf(key))) return;
    this.#keys.add(key);
    if (this.#keys.size <= MAX_KEYS) return;
    for (const some of this.#keys) this.#addNamespace(namespaceOf(some));
    this.#keys.clear();
  }

  namespace(name: string): void {
    this.#onAdd();
    this.#addNamespace(name);
  }

  tag(tag: string): void {
    this.#onAdd();
    if (this.#tags.size < MAX_NAMES) this.#tags.add(tag);
    else this.all();
  }

  /** Everything of ours. */
  all(): void {
    this.#onAdd();
    this.#everything = true;
    this.#keys.clear();
    this.#namespaces.clear();
    this.#tags.clear();
  }

  /** Sends the next few; true when nothing is left. Rejects as the connection does. */
  async replay(redis: Redis, store: RedisStore): Promise<boolean> {
    const { keys } = store;
    if (this.#everything) {
      const names = await redis.smembers(keys.namespaces);
      for (const name of names.slice(0, MAX_NAMES)) this.#namespaces.add(name);
      this.#everything = false;
    }
    const doomed = [...this.#keys].slice(0, KEYS_AT_ONCE);
    if (doomed.length > 0) {
      const scriptKeys = doomed.flatMap((key) => store.scriptKeys(key));
      await runScript(redis, REMOVE_ENTRIES, scriptKeys, store.head());
      this.#done(this.#keys, doomed);
      return false;
    }
    for (const name of [...this.#namespaces].slice(0, 10)) {
      await this.#renew(redis, store, [keys.generation(name), keys.counts(name)]);
      this.#done(this.#namespaces, [name]);
    }
    for (const tag of [...this.#tags].slice(0, 10)) {
      await this.#renew(redis, store, [keys.tagGeneration(tag)]);
      this.#done(this.#tags, [tag]);
    }
    return this.size === 0;
  }

  async #renew(redis: Redis, store: RedisStore, keys: string[]): Promise<void> {
    const args = [...store.head(), store.freshGeneration(), String(GENERATION_SECONDS)];
    await runScript(redis, RENEW_GENERATION, keys, args);
  }

  #done(from: Set<string>, items: string[]): void {
    for (const item of items) from.delete(item);
    this.#replayed += items.length;
  }

  #addNamespace(name: string): void {
    if (this.#everything) return;
    this.#namespaces.add(name);
    if (this.#namespaces.size > MAX_NAMES) this.all();
  }
}
