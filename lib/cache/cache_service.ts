import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type {
  Cache,
  CacheStats,
  ClearOptions,
  ClearResult,
  EntryView,
  Factory,
  GetOrSetOptions,
  ReadOptions,
  Resolved,
  SetOptions,
} from "./cache.ts";
import { collectStats } from "./collect_stats.ts";
import { decodeFrame, type Entry, type Frame } from "./frame.ts";
import { compileGlob } from "./glob.ts";
import { isUsableKey, isUsableTag, namespaceOf } from "./key_space.ts";
import { LookupCounters, type Refusal } from "./lookup_counters.ts";
import type { MemoryStore } from "./memory_store.ts";
import { decodeValue, encodeValue } from "./payload.ts";
import { type RedisLink, Unavailable } from "./redis_link.ts";
import type { RedisInfo } from "./redis_info.ts";
import type { Generations, RedisStore } from "./redis_store.ts";
import { type Flight, SingleFlight } from "./single_flight.ts";
import { MAX_TTL_SECONDS, ttlMs } from "./ttl.ts";

const MAX_TAGS = 16;
const DEFAULT_CLEAR_WAIT_MS = 5_000;
const CHUNK = 400;

/** The stores behind a cache; at least one is there. */
export interface Tiers {
  memory: MemoryStore | null;
  redis: { link: RedisLink; store: RedisStore } | null;
}

export interface CacheServiceOptions {
  tiers: Tiers;
  clock: Clock;
  defaultTtlSeconds: number;
  maxTtlSeconds: number;
  /** Largest value, as written down and before compression. */
  maxEntryBytes: number;
}

interface Found {
  value: unknown;
}

/** The cache over its tiers: an optional one in the process before an optional one in Redis. */
export class CacheService implements Cache {
  readonly #memory: MemoryStore | null;
  readonly #redis: Tiers["redis"];
  readonly #clock: Clock;
  readonly #options: CacheServiceOptions;
  readonly #counters: LookupCounters;
  readonly #flights = new SingleFlight();
  #lastCounts = { entries: 0, bytes: 0, namespaces: new Map<string, { entries: number }>() };
  #closed = false;
  #cleaning: Promise<number> | null = null;

  constructor(options: CacheServiceOptions) {
    this.#options = options;
    this.#memory = options.tiers.memory;
    this.#redis = options.tiers.redis;
    this.#clock = options.clock;
    this.#counters = new LookupCounters(options.clock);
  }

  async get<T = unknown>(key: string, options: ReadOptions<T> = {}): Promise<T | undefined> {
    const found = await this.#find(key, options);
    this.#counters.lookup(namespaceOf(key), found !== null);
    return found?.value as T | undefined;
  }

  getMany<T = unknown>(
    keys: readonly string[],
    options: ReadOptions<T> = {},
  ): Promise<(T | undefined)[]> {
    return inChunks(keys, (key) => this.get<T>(key, options));
  }

  async set(key: string, value: unknown, options: SetOptions = {}): Promise<boolean> {
    this.#flights.discardKey(key);
    return await this.#write(key, value, options, 0) !== null;
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
    if (!isUsableKey(key)) return false;
    if (this.#memory?.has(key)) return true;
    if (!this.#redis) return false;
    const read = await this.#redis.store.read(key);
    return !(read instanceof Unavailable) && read.frame !== null;
  }

  async delete(key: string): Promise<boolean> {
    this.#counters.operation();
    if (!isUsableKey(key)) return false;
    this.#flights.discardKey(key);
    const local = this.#memory?.delete(key) ?? false;
    if (!this.#redis) return local;
    const removed = await this.#redis.store.remove([key]);
    return removed instanceof Unavailable ? local : removed > 0;
  }

  async expire(key: string, ttlSeconds: number): Promise<boolean> {
    const ttl = this.#ttlMs(ttlSeconds);
    if (ttl === 0) return await this.delete(key);
    this.#counters.operation();
    if (!isUsableKey(key)) return false;
    const expiresAt = this.#clock.now() + ttl;
    const local = this.#memory?.expire(key, expiresAt) ?? false;
    if (!this.#redis) return local;
    return await this.#redis.store.expire(key, ttl, expiresAt) === true;
  }

  async getOrSet<T>(
    key: string,
    factory: Factory<T>,
    options: GetOrSetOptions<T> = {},
  ): Promise<T> {
    return (await this.resolve(key, factory, options)).value;
  }

  async resolve<T>(
    key: string,
    factory: Factory<T>,
    options: GetOrSetOptions<T> = {},
  ): Promise<Resolved<T>> {
    const namespace = namespaceOf(key);
    const local = this.#findLocal(key, options);
    if (local) {
      this.#counters.lookup(namespace, true);
      return { value: local.value as T, source: "hit" };
    }
    const timeout = options.timeoutMs === undefined ? null : new AbortController();
    const cancelTimeout = timeout && this.#clock.after(options.timeoutMs!, () => {
      timeout.abort(
        new AppError("timeout", `computing took longer than ${options.timeoutMs} ms`),
      );
    });
    const signals = [options.signal, timeout?.signal].filter((signal) => signal !== undefined);
    const signal = signals.length > 1 ? AbortSignal.any(signals) : signals[0];
    try {
      const { result, joined } = this.#flights.join<Resolved<T>>(
        key,
        options.tags ?? [],
        (flight) => this.#fill(key, factory, options, flight),
        signal,
      );
      const resolved = await result;
      this.#counters.lookup(namespace, resolved.source === "hit");
      return joined && resolved.source === "computed"
        ? { value: resolved.value, source: "shared" }
        : resolved;
    } catch (error) {
      this.#counters.lookup(namespace, false);
      throw error;
    } finally {
      cancelTimeout?.();
    }
  }

  async clear(pattern?: string, options: ClearOptions = {}): Promise<ClearResult> {
    this.#counters.operation();
    const glob = compileGlob(pattern ?? "*");
    this.#flights.discard((flight) => glob.matches(flight.key));
    const local = await this.#memory?.clear(glob, options.signal) ?? 0;
    if (!this.#redis) return { cleared: local, complete: true };
    if (glob.literal) {
      const removed = await this.#redis.store.remove(
        isUsableKey(glob.literalPrefix) ? [glob.literalPrefix] : [],
      );
      return removed instanceof Unavailable
        ? { cleared: 0, complete: false, cursor: "0", reason: removed.reason }
        : { cleared: removed, complete: true };
    }
    const deadline = this.#clock.now() + (options.waitMs ?? DEFAULT_CLEAR_WAIT_MS);
    let cursor = options.cursor ?? "0";
    let cleared = 0;
    do {
      options.signal?.throwIfAborted();
      const step = await this.#redis.store.clearStep(glob, cursor);
      if (step instanceof Unavailable) {
        return { cleared, complete: false, cursor, reason: step.reason };
      }
      cleared += step.cleared;
      if (step.cursor === null) return { cleared, complete: true };
      cursor = step.cursor;
    } while (this.#clock.now() < deadline);
    return { cleared, complete: false, cursor };
  }

  async invalidateTag(tag: string): Promise<boolean> {
    this.#counters.operation();
    if (!isUsableTag(tag)) return false;
    this.#flights.discard((flight) => flight.tags.includes(tag));
    this.#memory?.deleteTagged(tag);
    if (!this.#redis) return true;
    return !(await this.#redis.store.invalidateTag(tag) instanceof Unavailable);
  }

  async inspect(key: string): Promise<EntryView | undefined> {
    if (!isUsableKey(key)) return undefined;
    if (!this.#redis) {
      const hit = this.#memory?.get(key);
      if (!hit) return undefined;
      const { value, createdAt, expiresAt, costMs, tags, bytes } = hit;
      return { key, value, createdAt, expiresAt, costMs, tags, bytes };
    }
    const read = await this.#redis.store.read(key);
    if (read instanceof Unavailable || read.frame === null) return undefined;
    const { createdAt, expiresAt, costMs, tags, rawBytes } = read.frame;
    const decoded = this.#decode(read.frame);
    if (decoded === null) return undefined;
    return { key, value: decoded.value, createdAt, expiresAt, costMs, tags, bytes: rawBytes };
  }

  /** Whether the store behind the cache answers now; in the process it always does. */
  get connected(): boolean {
    return this.#redis?.link.connected ?? true;
  }

  /** Lookups since the start of this process; costs nothing. */
  lookups(): { hits: number; misses: number } {
    return { hits: this.#counters.hits, misses: this.#counters.misses };
  }

  /** What the Redis server says of itself. Throws AppError `unavailable` when it says nothing. */
  async info(): Promise<RedisInfo> {
    if (!this.#redis) throw new AppError("unavailable", "the cache is kept in the process");
    const info = await this.#redis.store.info();
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

  async stats(): Promise<CacheStats> {
    let exact = true;
    if (this.#redis) {
      const counted = await this.#redis.store.count();
      if (counted instanceof Unavailable) exact = false;
      else {
        this.#lastCounts = counted;
        exact = counted.exact;
      }
    }
    return collectStats({
      counters: this.#counters,
      clock: this.#clock,
      memory: this.#memory,
      link: this.#redis?.link ?? null,
      redisCounts: this.#lastCounts,
      exact,
    });
  }

  /** Aborts what is being computed and closes the connection. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#flights.abortAll(new AppError("unavailable", "the cache is closing"));
    this.#memory?.drop();
    await this.#redis?.link.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #cleanUp(signal?: AbortSignal): Promise<number> {
    const expired = this.#memory?.purgeExpired() ?? 0;
    const swept = await this.#redis?.store.sweep(signal);
    return expired + (swept?.removed ?? 0);
  }

  async #fill<T>(
    key: string,
    factory: Factory<T>,
    options: GetOrSetOptions<T>,
    flight: Flight<Resolved<T>>,
  ): Promise<Resolved<T>> {
    const tags = options.tags ?? [];
    let expected: Generations | null = [];
    if (this.#redis && isUsableKey(key)) {
      const read = await this.#redis.store.read(key, tags);
      if (read instanceof Unavailable) expected = null;
      else {
        const found = this.#usable(read.frame, read.damaged, options);
        if (found) return { value: found.value as T, source: "hit" };
        const fixed = await this.#redis.store.fixGenerations(key, tags, read.generations);
        expected = fixed instanceof Unavailable ? null : fixed;
      }
    }
    flight.signal.throwIfAborted();
    let store = true;
    const startedAt = this.#clock.now();
    const value = await factory({
      signal: flight.signal,
      doNotStore: () => {
        store = false;
      },
    });
    if (!store) return { value, source: "computed" };
    if (expected === null) this.#counters.refuse(this.#redisRefusal());
    if (flight.obsolete) this.#counters.refuse("obsolete");
    if (expected === null || flight.obsolete) return { value, source: "computed" };
    this.#counters.fills++;
    const costMs = this.#clock.now() - startedAt;
    const written = await this.#write(key, value, options, costMs, expected);
    return { value: written ? written.value as T : value, source: "computed" };
  }

  /** Writes to every tier; gives the value as a reader will see it, null when it was not stored. */
  async #write(
    key: string,
    value: unknown,
    options: SetOptions,
    costMs: number,
    expected?: Generations,
  ): Promise<Found | null> {
    this.#counters.operation();
    if (this.#closed) return null;
    const tags = options.tags ?? [];
    if (!isUsableKey(key) || tags.length > MAX_TAGS || !tags.every(isUsableTag)) {
      this.#counters.refuse("bad_key");
      return null;
    }
    const ttl = this.#ttlMs(options.ttlSeconds);
    const payload = ttl === 0 ? null : encodeValue(value);
    if (payload === null || payload.bytes > this.#options.maxEntryBytes) {
      if (ttl > 0) this.#counters.refuse(payload === null ? "unserialisable" : "too_large");
      // What lay there before is out of date, whatever became of the new value.
      await this.delete(key);
      return null;
    }
    const now = this.#clock.now();
    const entry: Entry = {
      payload,
      createdAt: now,
      freshUntil: now + ttl,
      expiresAt: now + ttl,
      costMs,
      tags,
    };
    const kept = this.#memory?.set(key, entry) ?? false;
    if (this.#redis) {
      const written = await this.#redis.store.write(key, entry, ttl, expected);
      if (written instanceof Unavailable || !written.stored) {
        this.#counters.refuse(
          written instanceof Unavailable ? this.#redisRefusal() : "obsolete",
        );
        return null;
      }
      this.#counters.bytesSaved += written.savedBytes;
    } else if (!kept) {
      this.#counters.refuse("too_large");
      return null;
    }
    this.#counters.writes++;
    return { value: decodeValue(payload.codec, payload.body) };
  }

  async #find<T>(key: string, options: ReadOptions<T>): Promise<Found | null> {
    const local = this.#findLocal(key, options);
    if (local || !this.#redis || !isUsableKey(key)) return local;
    const read = await this.#redis.store.read(key);
    return read instanceof Unavailable ? null : this.#usable(read.frame, read.damaged, options);
  }

  #findLocal<T>(key: string, options: ReadOptions<T>): Found | null {
    const hit = this.#memory?.get(key);
    return hit === undefined ? null : this.#fitting(hit, options);
  }

  #usable<T>(frame: Frame | null, damaged: boolean, options: ReadOptions<T>): Found | null {
    if (damaged) this.#counters.damaged++;
    const decoded = frame && this.#decode(frame);
    return decoded && this.#fitting(decoded, options);
  }

  #fitting<T>(found: Found, options: ReadOptions<T>): Found | null {
    if (!options.schema) return found;
    const parsed = options.schema.safeParse(found.value);
    return parsed.success ? { value: parsed.data } : null;
  }

  #decode(frame: Frame): Found | null {
    try {
      return { value: decodeFrame(frame, this.#options.maxEntryBytes) };
    } catch {
      this.#counters.damaged++;
      return null;
    }
  }

  /** Whether Redis said no or said nothing. */
  #redisRefusal(): Refusal {
    return this.#redis?.link.connected ? "redis_refused" : "redis_unavailable";
  }

  #ttlMs(seconds: number | undefined): number {
    const most = Math.min(this.#options.maxTtlSeconds, MAX_TTL_SECONDS);
    return ttlMs(seconds, this.#options.defaultTtlSeconds, most);
  }
}

/** Maps a list a chunk at a time, so that no command waits behind thousands of its own kind. */
async function inChunks<A, B>(items: readonly A[], map: (item: A) => Promise<B>): Promise<B[]> {
  const results: B[] = [];
  for (let at = 0; at < items.length; at += CHUNK) {
    results.push(...await Promise.all(items.slice(at, at + CHUNK).map(map)));
  }
  return results;
}
