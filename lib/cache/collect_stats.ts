import type { Clock } from "../clock.ts";
import type { CacheStats } from "./cache.ts";
import { hitRate, type LookupCounters } from "./lookup_counters.ts";
import type { MemoryStore } from "./memory_store.ts";
import type { RedisLink } from "./redis_link.ts";

export interface StatsSources {
  counters: LookupCounters;
  clock: Clock;
  memory: MemoryStore | null;
  link: RedisLink | null;
  /** The last counts that Redis gave. */
  redisCounts: { entries: number; bytes: number; namespaces: Map<string, { entries: number }> };
  /** Whether those are of now. */
  exact: boolean;
}

/** Puts the cache's statistics together from what was counted on the way. */
export function collectStats(sources: StatsSources): CacheStats {
  const { counters, clock, memory, link, redisCounts } = sources;
  const local = memory?.counts() ??
    { entries: 0, bytes: 0, evictions: 0, namespaces: redisCounts.namespaces };
  const totals = link ? redisCounts : local;
  const lastDay = counters.lastDay();
  return {
    backend: link ? "redis" : "memory",
    connected: link?.connected ?? true,
    redis: link && { state: link.state, reason: link.reason, since: link.since },
    hitRate: hitRate(counters),
    hits: counters.hits,
    misses: counters.misses,
    lastDay: { ...lastDay, hitRate: hitRate(lastDay) },
    totalKeys: totals.entries,
    totalsExact: sources.exact,
    memoryBytes: totals.bytes,
    memoryUsage: formatBytes(totals.bytes),
    operationsPerSecond: Math.round(counters.operationsPerSecond() * 100) / 100,
    uptimeSeconds: Math.floor((clock.now() - counters.startedAt) / 1_000),
    fills: counters.fills,
    writes: counters.writes,
    damaged: counters.damaged,
    evictions: local.evictions,
    bytesSavedByCompression: counters.bytesSaved,
    refusals: { ...counters.refusals },
    namespaces: namespaceRows(counters, totals.namespaces),
  };
}

function namespaceRows(
  counters: LookupCounters,
  stored: ReadonlyMap<string, { entries: number }>,
): CacheStats["namespaces"] {
  const names = new Set([...counters.namespaces.keys(), ...stored.keys()]);
  return [...names].sort().map((name) => {
    const lookups = counters.namespaces.get(name) ?? { hits: 0, misses: 0 };
    return {
      name,
      ...lookups,
      hitRate: hitRate(lookups),
      keys: stored.get(name)?.entries ?? 0,
    };
  });
}

const UNITS = ["B", "KB", "MB", "GB", "TB"];

/** "1.2 MB": one decimal from kilobytes up, of 1,024 each. */
export function formatBytes(bytes: number): string {
  let value = bytes, unit = 0;
  while (value >= 1_024 && unit < UNITS.length - 1) {
    value /= 1_024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}
