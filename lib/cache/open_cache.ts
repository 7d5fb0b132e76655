import { type Clock, systemClock } from "../clock.ts";
import { type Logger, silentLogger } from "../log.ts";
import { CacheService } from "./cache_service.ts";
import { KeySpace } from "./key_space.ts";
import { MemoryStore } from "./memory_store.ts";
import { memoryWarning } from "./redis_info.ts";
import { RedisLink, Unavailable } from "./redis_link.ts";
import { RedisStore } from "./redis_store.ts";
import { DEFAULT_TTL_SECONDS, MAX_TTL_SECONDS } from "./ttl.ts";

const MEBIBYTE = 1_048_576;

export interface CacheOptions {
  /** `redis://` or `rediss://`; absent = the cache lives in the process. */
  redisUrl?: string;
  /** What all keys in Redis begin with; `pixel_ai` when absent. */
  prefix?: string;
  clock?: Clock;
  log?: Logger;
  /** 3,600 when absent. */
  defaultTtlSeconds?: number;
  /** At most, and when absent, 86,400. */
  maxTtlSeconds?: number;
  /** Memory for entries in the process; 64 MiB when absent. */
  maxMemoryBytes?: number;
  /** Entries in the process; 100,000 when absent. */
  maxMemoryEntries?: number;
  /** Largest single value as written down; 4 MiB when absent. */
  maxEntryBytes?: number;
  /** After this a command counts as failed; 100 when absent. */
  commandTimeoutMs?: number;
  /** How long a connection attempt may take; 1,000 when absent. */
  connectTimeoutMs?: number;
  /** How long opening waits for Redis before it goes on without; 1,000 when absent. */
  openWaitMs?: number;
}

/**
 * Opens a cache: in Redis where an address is given, else in the process. A Redis that does not
 * answer is no error; the cache misses until it does. Throws only on options that make no sense.
 */
export async function openCache(options: CacheOptions = {}): Promise<CacheService> {
  const clock = options.clock ?? systemClock;
  const keys = new KeySpace(options.prefix ?? "pixel_ai");
  const common = {
    clock,
    defaultTtlSeconds: options.defaultTtlSeconds ?? DEFAULT_TTL_SECONDS,
    maxTtlSeconds: options.maxTtlSeconds ?? MAX_TTL_SECONDS,
    maxEntryBytes: options.maxEntryBytes ?? 4 * MEBIBYTE,
  };
  if (options.redisUrl === undefined) {
    const memory = new MemoryStore({
      maxBytes: options.maxMemoryBytes ?? 64 * MEBIBYTE,
      maxEntries: options.maxMemoryEntries ?? 100_000,
      clock,
    });
    return new CacheService({ ...common, tiers: { memory, redis: null } });
  }
  if (!/^rediss?:\/\//.test(options.redisUrl)) {
    throw new TypeError("the address of Redis must begin with redis:// or rediss://");
  }
  const log = options.log ?? silentLogger;
  const link = new RedisLink({
    url: options.redisUrl,
    clock,
    log,
    commandTimeoutMs: options.commandTimeoutMs ?? 100,
    connectTimeoutMs: options.connectTimeoutMs ?? 1_000,
  });
  if (!await link.open(options.openWaitMs ?? 1_000)) {
    log.warn("Redis does not answer, starting without it", {
      component: "cache",
      reason: link.reason,
    });
  }
  const redis = { link, store: new RedisStore(link, keys) };
  void redis.store.info().then((info) => {
    const warning = info instanceof Unavailable ? null : memoryWarning(info);
    if (warning !== null) log.warn(warning, { component: "cache" });
  });
  return new CacheService({ ...common, tiers: { memory: null, redis } });
}
