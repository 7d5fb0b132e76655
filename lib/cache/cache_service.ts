import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type {
  Cache,
  CacheEvent,
  ClearOptions,
  ClearResult,
  EntryView,
  Factory,
  GetOrSetOptions,
  KeyPage,
  KeysOptions,
  ReadOptions,
  Resolved,
  SetOptions,
} from "./cache.ts";
import type { CacheStats, Saving } from "./cache_stats.ts";
import type { Clearing } from "./clearing.ts";
import { inChunks } from "./chunks.ts";
import type { EntryReader } from "./entry_reader.ts";
import type { EntryWriter } from "./entry_writer.ts";
import type { Fills } from "./fill.ts";
import { compileGlob } from "./glob.ts";
import { listMemoryKeys, listRedisKeys } from "./key_listing.ts";
import { isUsableKey, isUsableTag, namespaceOf } from "./key_space.ts";
import type { LookupCounters } from "./lookup_counters.ts";
import type { MemoryHit } from "./memory_store.ts";
import type { Reclaimer } from "./reclaimer.ts";
import type { RedisInfo } from "./redis_info.ts";
import { Unavailable } from "./unavailable.ts";
import type { Resolver } from "./resolver.ts";
import type { StatsCollector } from "./collect_stats.ts";
import type { Tiers } from "./tiers.ts";

/** Every so many lookups in the process one is timed: timing costs as much as looking up. */
const TIMED_EVERY = 256;

/** What a cache is put together from; see open_cache.ts. */
export interface CacheParts {
  tiers: Tiers;
  clock: Clock;
  counters: LookupCounters;
  listeners: Set<(event: CacheEvent) => void>;
  reader: EntryReader;
  writer: EntryWriter;
  fills: Fills;
  resolver: Resolver;
  stats: StatsCollector;
  /** Null where entries lie in the process alone. */
  shared: { clearing: Clearing; reclaimer: Reclaimer } | null;
}

/** The cache over its tiers. */
export class CacheService implements Cache {
  readonly #parts: CacheParts;
  readonly #local: Tiers["local"];
  readonly #clock: Clock;
  readonly #counters: LookupCounters;
  #untilTimed = TIMED_EVERY;
  #closed = false;
  #cleaning: Promise<number> | null = null;

  constructor(parts: CacheParts) {
    this.#parts = parts;
    this.#local = parts.tiers.local;
    this.#clock = parts.clock;
    this.#counters = parts.counters;
  }

  /** Whether the store behind the cache answers now; in the process it always does. */
  get connected(): boolean {
    return this.#parts.tiers.redis?.link.connected ?? true;
  }

  /** Why the store behind the cache does not answer; null while it does. */
  get reason(): string | null {
    return this.#parts.tiers.redis?.link.reason ?? null;
  }

  /** Tells of Redis going and coming, until the returned function is called. */
  subscribe(listener: (event: CacheEvent) => void): () => void {
    this.#parts.listeners.add(listener);
    return () => this.#parts.listeners.delete(listener);
  }

  get<T = unknown>(key: string, options?: ReadOptions<T>): Promise<T | undefined> {
    const hit = this.#fresh(key);
    if (hit === undefined || options?.schema !== undefined) {
      return this.#parts.reader.get(key, options ?? {});
    }
    return Promise.resolve(hit.value as T);
  }

  getMany<T = unknown>(
    keys: readonly string[],
    options: ReadOptions<T> = {},
  ): Promise<(T | undefined)[]> {
    return inChunks(keys, (key) => this.get<T>(key, options));
  }

  set(key: string, value: unknown, options: SetOptions = {}): Promise<boolean> {
    this.#parts.fills.flights.discardKey(key);
    return this.#closed ? Promise.resolve(false) : this.#parts.writer.write(key, value, options);
  }

  async setMany(
    entries: Iterable<readonly [key: string, value: unknown]>,
    options: SetOptions = {},
  ): Promise<number> {
    const stored = await inChunks([...entries], ([key, value]) => this.set(key, value, options));
    return stored.filter(Boolean).length;
  }

  async has(key: string): Promise<boolean> {
    this.#counters.operation();
    return await this.#parts.reader.look(key) !== undefined;
  }

  async delete(key: string): Promise<boolean> {
    this.#counters.operation();
    if (!isUsableKey(key)) return false;
    this.#parts.fills.flights.discardKey(key);
    return await this.#parts.writer.remove(key);
  }

  async expire(key: string, ttlSeconds: number): Promise<boolean> {
    const ttl = this.#parts.writer.ttlMs(ttlSeconds);
    if (ttl === 0) return await this.delete(key);
    this.#counters.operation();
    if (!isUsableKey(key)) return false;
    const expiresAt = this.#clock.now() + ttl;
    const { memory, redis } = this.#parts.tiers;
    if (!redis) return memory!.expire(key, expiresAt);
    redis.front.drop(key);
    return await redis.store.expire(key, ttl, expiresAt) === true;
  }

  async getOrSet<T>(
    key: string,
    factory: Factory<T>,
    options?: GetOrSetOptions<T>,
  ): Promise<T> {
    const quick = options === undefined || (!options.schema && !options.earlyRefresh);
    const hit = quick && !options?.signal?.aborted ? this.#fresh(key) : undefined;
    if (hit !== undefined) return hit.value as T;
    return (await this.#parts.resolver.resolve(key, factory, options ?? {})).value;
  }

  resolve<T>(
    key: string,
    factory: Factory<T>,
    options: GetOrSetOptions<T> = {},
  ): Promise<Resolved<T>> {
    return this.#parts.resolver.resolve(key, factory, options);
  }

  async clear(pattern?: string, options: ClearOptions = {}): Promise<ClearResult> {
    this.#counters.operation();
    const glob = compileGlob(pattern ?? "*");
    const { fills, shared, tiers } = this.#parts;
    if (!options.dryRun) fills.flights.discard((flight) => glob.matches(flight.key));
    if (shared) return await shared.clearing.clear(pattern, options);
    const memory = tiers.memory!;
    if (options.dryRun) return { cleared: memory.matching(glob), complete: true };
    return { cleared: await memory.clear(glob, options.limit, options.signal), complete: true };
  }

  async keys(pattern?: string, options: KeysOptions = {}): Promise<KeyPage> {
    this.#counters.operation();
    const glob = compileGlob(pattern ?? "*");
    const { memory, redis } = this.#parts.tiers;
    return redis
      ? await listRedisKeys(redis, this.#clock, glob, options)
      : await listMemoryKeys(memory!, this.#clock, glob, options);
  }

  async invalidateTag(tag: string): Promise<boolean> {
    this.#counters.operation();
    if (!isUsableTag(tag)) return false;
    this.#parts.fills.flights.discard((flight) => flight.tags.includes(tag));
    const { memory, redis } = this.#parts.tiers;
    memory?.deleteTagged(tag);
    if (!redis) return true;
    redis.front.dropTagged(tag);
    if (await redis.store.invalidateTag(tag) === true) return true;
    redis.unsent.tag(tag);
    return false;
  }

  async inspect(key: string): Promise<EntryView | undefined> {
    const found = await this.#parts.reader.look(key, false);
    if (!found) return undefined;
    const { value, createdAt, freshUntil, expiresAt, costMs, tags, bytes } = found;
    return { key, value, createdAt, freshUntil, expiresAt, costMs, tags, bytes };
  }

  /** Lookups since the start of this process; costs nothing. */
  lookups(): { hits: number; misses: number } {
    return { hits: this.#counters.hits, misses: this.#counters.misses };
  }

  /** Tells what an answer from the cache has spared; it is counted for the key's namespace. */
  saved(key: string, { tokens, costMicros, similar }: Saving): void {
    const counts = this.#counters.namespaces.of(namespaceOf(key));
    counts.tokensSaved += tokens;
    counts.costMicrosSaved += costMicros;
    if (similar) counts.similarReuses++;
  }

  /** What the Redis server says of itself. Throws AppError `unavailable` when it says nothing. */
  async info(): Promise<RedisInfo> {
    const { redis } = this.#parts.tiers;
    if (!redis) throw new AppError("unavailable", "the cache is kept in the process");
    const info = await redis.store.info();
    if (info instanceof Unavailable) throw new AppError("unavailable", info.reason);
    return info;
  }

  /**
   * Removes what nobody can read any more (expired, cleared, damaged, of another version) and counts
   * anew. In steps that others hardly notice; a second cleaning waits for the first.
   */
  async cleanUp(options: { signal?: AbortSignal } = {}): Promise<{ removed: number }> {
    const running = this.#cleaning ??= this.#cleanUp(options.signal).finally(() => {
      this.#cleaning = null;
    });
    return { removed: await running };
  }

  /** `cleanUp`, answering the number of entries removed. */
  async sweep(signal?: AbortSignal): Promise<number> {
    return (await this.cleanUp({ signal })).removed;
  }

  stats(): Promise<CacheStats> {
    return this.#parts.stats.collect();
  }

  /** Aborts what is being computed and closes the connections. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { fills, shared, tiers } = this.#parts;
    fills.close();
    tiers.memory?.drop();
    if (!tiers.redis) return;
    tiers.redis.front.open = false;
    tiers.redis.front.clear();
    await Promise.all([tiers.redis.bus?.close(), tiers.redis.link.close()]);
    await shared?.reclaimer.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** A fresh copy in the process, counted as a hit. */
  #fresh(key: string): MemoryHit | undefined {
    if (--this.#untilTimed === 0) return this.#freshTimed(key);
    const now = this.#clock.now();
    const hit = this.#local.get(key, now);
    if (hit === undefined || hit.freshUntil <= now) return undefined;
    this.#counters.hit(hit.counts, "process", now);
    return hit;
  }

  #freshTimed(key: string): MemoryHit | undefined {
    this.#untilTimed = TIMED_EVERY;
    const startedAt = performance.now();
    const hit = this.#fresh(key);
    if (hit) this.#counters.took(hit.counts, "process", performance.now() - startedAt);
    return hit;
  }

  async #cleanUp(signal?: AbortSignal): Promise<number> {
    const expired = this.#parts.tiers.memory?.purgeExpired() ?? 0;
    const swept = await this.#parts.shared?.reclaimer.sweepAll(signal);
    return expired + (swept?.removed ?? 0);
  }
}
