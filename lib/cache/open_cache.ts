import { type Clock, systemClock } from "../clock.ts";
import { silentLogger } from "../log.ts";
import type { CacheEvent } from "./cache.ts";
import type { CacheOptions } from "./cache_options.ts";
import { type CacheParts, CacheService } from "./cache_service.ts";
import { StatsCollector } from "./collect_stats.ts";
import { EntryReader } from "./entry_reader.ts";
import { EntryWriter } from "./entry_writer.ts";
import { Fills } from "./fill.ts";
import { Leases } from "./lease.ts";
import { LookupCounters } from "./lookup_counters.ts";
import { MemoryStore } from "./memory_store.ts";
import type { openRedisTier } from "./open_redis_tier.ts";
import { Resolver } from "./resolver.ts";
import type { Tiers } from "./tiers.ts";
import { DEFAULT_TTL_SECONDS, MAX_TTL_SECONDS } from "./ttl.ts";

const MEBIBYTE = 1_048_576;

/**
 * Opens a cache: in Redis where an address is given, else in the process. A Redis that does not
 * answer is no error; the cache misses until it does. Throws only on options that make no sense.
 */
export async function openCache(options: CacheOptions = {}): Promise<CacheService> {
  refuseNonsense(options);
  const clock = options.clock ?? systemClock;
  const counters = new LookupCounters(clock);
  const listeners = new Set<(event: CacheEvent) => void>(options.onEvent ? [options.onEvent] : []);
  const settings = {
    ...options,
    listeners,
    clock,
    counters,
    log: options.log ?? silentLogger,
    maxMemoryBytes: options.maxMemoryBytes ?? 64 * MEBIBYTE,
    maxMemoryEntries: options.maxMemoryEntries ?? 100_000,
    commandTimeoutMs: options.commandTimeoutMs ?? 100,
  };
  if (options.redisUrl !== undefined) {
    // Its client takes memory that a cache in the process need not spend.
    const { openRedisTier } = await import("./open_redis_tier.ts");
    const shared = await openRedisTier({ ...settings, redisUrl: options.redisUrl });
    const tiers: Tiers = { local: shared.redis.front, memory: null, redis: shared.redis };
    return new CacheService(assemble(tiers, settings, shared));
  }
  const memory = new MemoryStore({
    maxBytes: settings.maxMemoryBytes,
    maxEntries: settings.maxMemoryEntries,
    clock,
    counts: counters.namespaces,
  });
  return new CacheService(assemble({ local: memory, memory, redis: null }, settings, null));
}

const POSITIVE = [
  "defaultTtlSeconds",
  "maxTtlSeconds",
  "maxMemoryBytes",
  "maxMemoryEntries",
  "maxEntryBytes",
  "commandTimeoutMs",
  "connectTimeoutMs",
] as const;
const WHOLE: readonly string[] = ["maxMemoryBytes", "maxMemoryEntries", "maxEntryBytes"];

/** Limits that would let nothing in, or everything, are seen here and not at the first write. */
function refuseNonsense(options: CacheOptions): void {
  for (const name of POSITIVE) {
    const value = options[name];
    if (value === undefined) continue;
    const whole = WHOLE.includes(name);
    if (!(value > 0) || (whole && !Number.isSafeInteger(value))) {
      const wanted = whole ? "a whole number above 0" : "above 0";
      throw new TypeError(`${name} of the cache must be ${wanted}, not ${value}`);
    }
  }
}

type Settings = CacheOptions & {
  clock: Clock;
  counters: LookupCounters;
  listeners: Set<(event: CacheEvent) => void>;
  commandTimeoutMs: number;
};

function assemble(
  tiers: Tiers,
  settings: Settings,
  shared: Awaited<ReturnType<typeof openRedisTier>> | null,
): CacheParts {
  const { clock, counters, commandTimeoutMs, listeners } = settings;
  const maxEntryBytes = settings.maxEntryBytes ?? 4 * MEBIBYTE;
  const reader = new EntryReader(tiers, counters, clock, maxEntryBytes);
  const writer = new EntryWriter(tiers, counters, clock, {
    defaultTtlSeconds: settings.defaultTtlSeconds ?? DEFAULT_TTL_SECONDS,
    maxTtlSeconds: settings.maxTtlSeconds ?? MAX_TTL_SECONDS,
    maxEntryBytes,
    outageTtlMs: (settings.outageTtlSeconds ?? 5) * 1_000,
  });
  const leases = shared && new Leases(shared.redis, reader, shared.waiters, clock);
  const fills = new Fills(reader, writer, leases, clock);
  const resolver = new Resolver(reader, fills, counters, clock, commandTimeoutMs);
  const stats = new StatsCollector(tiers, counters, clock);
  return { tiers, clock, counters, listeners, reader, writer, fills, resolver, stats, shared };
}
