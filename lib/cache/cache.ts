import type { CacheStats } from "./cache_stats.ts";

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
  /** Shortens the time to live by a random share of up to this much (0–1), 0 when absent. */
  ttlJitter?: number;
  /**
   * How long after its time an entry is kept for those who take stale ones; 0 when absent. The
   * whole life of an entry is at most 86,400 seconds.
   */
  keepStaleSeconds?: number;
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

export interface GetOrSetOptions<T> extends Omit<SetOptions, "keepStaleSeconds">, ReadOptions<T> {
  /** Ends this caller's wait; the computation goes on while others wait for it. */
  signal?: AbortSignal;
  /** Ends this caller's wait: with a value kept for grace, else with an AppError `timeout`. */
  timeoutMs?: number;
  /** After this a value kept for grace is given while the computation goes on. */
  softTimeoutMs?: number;
  /** For so long after its time an entry is given at once, and computed anew behind; 0 if absent. */
  staleSeconds?: number;
  /** For so long after its time an entry is given when computing fails or lasts; 0 when absent. */
  graceSeconds?: number;
  /** Keeps "there is nothing" (a factory's `undefined` or null) for so long; absent = as a value. */
  nothingTtlSeconds?: number;
  /**
   * Computes anew before the time is over, the more likely the nearer the end and the longer the
   * last computation took, times this (1 is usual; Vattani et al. 2015, "XFetch"). Absent = never.
   */
  earlyRefresh?: number;
}

export type Factory<T> = (context: FillContext) => Promise<T> | T;

/** A value and where it came from: the cache, on purpose too late, this call or another's. */
export interface Resolved<T> {
  value: T;
  source: "hit" | "stale" | "computed" | "shared";
}

export interface ClearOptions {
  /** How long this call may take; 5,000 ms when absent. */
  waitMs?: number;
  /** Goes on where an earlier call with the same pattern stopped. */
  cursor?: string;
  signal?: AbortSignal;
  /** Removes nothing and answers what would be removed. */
  dryRun?: boolean;
  /** Removes no more than this. */
  limit?: number;
  /** Called after every step. */
  onProgress?: (progress: { cleared: number; scanned: number }) => void;
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
  /** Until when it counts; after that it is kept for those who take stale ones. */
  freshUntil: number;
  expiresAt: number;
  costMs: number;
  tags: readonly string[];
  bytes: number;
}

export interface KeysOptions {
  /** Keys of a page; 100 when absent, at most 1,000. */
  limit?: number;
  /** Goes on where an earlier call with the same pattern and limit stopped. */
  cursor?: string;
  /** How long this call may take; 2,000 ms when absent. */
  waitMs?: number;
}

/** A key that holds an entry now. */
export interface KeyView {
  key: string;
  bytes: number;
  /** Milliseconds UTC. */
  expiresAt: number;
}

export interface KeyPage {
  keys: KeyView[];
  /** Present when there may be more; a page may be short, or empty, and have one. */
  cursor?: string;
  /** Present when Redis did not answer. */
  reason?: string;
}

/** Something that happened to the cache as a whole. */
export type CacheEvent =
  | { type: "cache.disconnected"; reason: string | null; at: number }
  | { type: "cache.connected"; at: number }
  | { type: "cache.in_process_tier"; active: boolean; at: number };

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
  /** A page of the keys that a glob pattern matches: sorted in the process, in Redis' own order. */
  keys(pattern?: string, options?: KeysOptions): Promise<KeyPage>;
  /** Makes every entry with this tag a miss; false when Redis could not be told. */
  invalidateTag(tag: string): Promise<boolean>;
  /** Looks at an entry without counting a lookup. */
  inspect(key: string): Promise<EntryView | undefined>;
  stats(): Promise<CacheStats>;
  close(): Promise<void>;
}
