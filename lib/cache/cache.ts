import type { Refusal } from "./lookup_counters.ts";

/** Anything that checks a value; a zod schema is one. */
export interface ValueSchema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false };
}

export interface ReadOptions<T> {
  /** A stored value that does not fit is a miss. */
  schema?: ValueSchema<T>;
}

export interface SetOptions {
  /** How long the entry lives; 3,600 when absent, at most 86,400, and 0 or less removes it. */
  ttlSeconds?: number;
  /** Names by which `invalidateTag` finds it; at most 16. */
  tags?: readonly string[];
}

/** What the function that computes a missing value is given. */
export interface FillContext {
  /** Aborts when nobody waits for the value any more, its time is over or the cache closes. */
  signal: AbortSignal;
  /** The value computed now is returned, but not kept. */
  doNotStore(): void;
}

export interface GetOrSetOptions<T> extends SetOptions, ReadOptions<T> {
  /** Ends this caller's wait; the computation goes on while others wait for it. */
  signal?: AbortSignal;
  /** Ends this caller's wait with an AppError `timeout`. */
  timeoutMs?: number;
}

export type Factory<T> = (context: FillContext) => Promise<T> | T;

/** A value and where it came from: the cache, this call, or another call's computation. */
export interface Resolved<T> {
  value: T;
  source: "hit" | "computed" | "shared";
}

export interface ClearOptions {
  /** How long this call may take; 5,000 ms when absent. */
  waitMs?: number;
  /** Goes on where an earlier call with the same pattern stopped. */
  cursor?: string;
  signal?: AbortSignal;
}

export interface ClearResult {
  cleared: number;
  complete: boolean;
  /** Present when not complete: pass it to the next call. */
  cursor?: string;
  /** Present when Redis did not answer. */
  reason?: string;
}

/** An entry as it lies there, for people who look into the cache. */
export interface EntryView {
  key: string;
  value: unknown;
  createdAt: number;
  expiresAt: number;
  costMs: number;
  tags: readonly string[];
  bytes: number;
}

export interface CacheStats {
  /** What is configured. */
  backend: "redis" | "memory";
  /** Whether it answers now; always true in memory. */
  connected: boolean;
  /** State of the breaker before Redis, why it is open and since when (ms); null in memory. */
  redis: { state: "closed" | "open" | "half-open"; reason: string | null; since: number } | null;
  /** Percent of our own lookups that were answered; null before the first. */
  hitRate: number | null;
  hits: number;
  misses: number;
  /** The same over the last 24 hours of this process. */
  lastDay: { hits: number; misses: number; hitRate: number | null };
  /** Living entries under our prefix; the last known number while Redis does not answer. */
  totalKeys: number;
  /** False while `totalKeys` and `memoryBytes` are old or leave something out. */
  totalsExact: boolean;
  /** What our entries occupy, keys included, as stored. */
  memoryBytes: number;
  memoryUsage: string;
  operationsPerSecond: number;
  uptimeSeconds: number;
  fills: number;
  writes: number;
  /** Stored things that could not be read as entries of ours. */
  damaged: number;
  evictions: number;
  bytesSavedByCompression: number;
  refusals: Partial<Record<Refusal, number>>;
  /** Per namespace (the part of a key before its first colon). */
  namespaces: {
    name: string;
    hits: number;
    misses: number;
    hitRate: number | null;
    keys: number;
  }[];
}

/**
 * A cache whose failures are misses: whatever happens to the store behind it, reads answer
 * `undefined`, writes `false`, and nothing is thrown. Values handed out are frozen where they are
 * plain JSON, and copies otherwise.
 */
export interface Cache {
  /** The value, or undefined when there is none. `null` is a value. */
  get<T = unknown>(key: string, options?: ReadOptions<T>): Promise<T | undefined>;
  getMany<T = unknown>(
    keys: readonly string[],
    options?: ReadOptions<T>,
  ): Promise<(T | undefined)[]>;
  /** True when the value was stored. `undefined` cannot be. */
  set(key: string, value: unknown, options?: SetOptions): Promise<boolean>;
  /** How many of the values were stored. */
  setMany(
    entries: Iterable<readonly [key: string, value: unknown]>,
    options?: SetOptions,
  ): Promise<number>;
  has(key: string): Promise<boolean>;
  /** False when there was nothing. */
  delete(key: string): Promise<boolean>;
  /** Gives an entry a new time to live; false when there is none. */
  expire(key: string, ttlSeconds: number): Promise<boolean>;
  /**
   * The value, computed and kept if there is none. Callers of one key at one time share one
   * computation, whose error goes to all of them and is not kept. On a miss the value returned is
   * what a hit would return: written down and read again.
   */
  getOrSet<T>(key: string, factory: Factory<T>, options?: GetOrSetOptions<T>): Promise<T>;
  /** `getOrSet` that also says where the value came from. */
  resolve<T>(key: string, factory: Factory<T>, options?: GetOrSetOptions<T>): Promise<Resolved<T>>;
  /** Removes what a glob pattern matches, everything of ours when absent. */
  clear(pattern?: string, options?: ClearOptions): Promise<ClearResult>;
  /** Makes every entry with this tag a miss; false when Redis could not be told. */
  invalidateTag(tag: string): Promise<boolean>;
  /** Looks at an entry without counting a lookup. */
  inspect(key: string): Promise<EntryView | undefined>;
  stats(): Promise<CacheStats>;
  close(): Promise<void>;
}
