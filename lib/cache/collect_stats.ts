import type { Clock } from "../clock.ts";
import type { CacheStats, NamespaceStats, TierStats } from "./cache_stats.ts";
import { hitRate, type LookupCounters } from "./lookup_counters.ts";
import { NamespaceCounts } from "./namespace_counts.ts";
import { outageKind } from "./outage_kind.ts";
import { Unavailable } from "./unavailable.ts";
import type { RedisCounts } from "./redis_store.ts";
import type { RedisTier, Tiers } from "./tiers.ts";

type Totals = Pick<RedisCounts, "entries" | "bytes" | "exact"> & {
  namespaces: ReadonlyMap<string, { entries: number }>;
};

/** Puts the cache's statistics together from what was counted on the way. */
export class StatsCollector {
  #lastTotals: Totals = { entries: 0, bytes: 0, exact: false, namespaces: new Map() };

  constructor(
    readonly tiers: Tiers,
    readonly counters: LookupCounters,
    readonly clock: Clock,
  ) {}

  async collect(): Promise<CacheStats> {
    const { counters, clock } = this;
    const { redis } = this.tiers;
    const [totals, server] = await Promise.all([this.#totals(), redis?.store.info()]);
    const local = this.tiers.memory?.counts() ?? redis!.front.counts();
    const lastDay = counters.lastDay();
    const namespaces = this.#namespaces(totals.namespaces);
    return {
      backend: redis ? "redis" : "memory",
      connected: redis?.link.connected ?? true,
      redis: redis && {
        state: redis.link.state,
        reason: redis.link.reason,
        kind: outageKind(redis.link.reason),
        since: redis.link.since,
      },
      hitRate: hitRate(counters),
      hits: counters.hits,
      misses: counters.misses,
      staleHits: counters.staleHits,
      lastDay: { ...lastDay, hitRate: hitRate(lastDay) },
      totalKeys: totals.entries,
      totalsExact: totals.exact,
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
      process: {
        ...this.#tier("process", local),
        active: redis?.front.open ?? true,
        invalidatedBy: redis?.bus?.by ?? null,
      },
      shared: redis && this.#tier("redis", sharedFigures(totals, server)),
      server: server === undefined || server instanceof Unavailable ? null : server,
      unsent: { waiting: redis?.unsent.size ?? 0, replayed: redis?.unsent.replayed ?? 0 },
      saved: {
        tokens: namespaces.reduce((sum, row) => sum + row.saved.tokens, 0),
        costMicros: namespaces.reduce((sum, row) => sum + row.saved.costMicros, 0),
      },
      similarReuses: namespaces.reduce((sum, row) => sum + row.similarReuses, 0),
      namespaces,
    };
  }

  async #totals(): Promise<Totals> {
    const { memory, redis } = this.tiers;
    if (!redis) return { ...memory!.counts(), exact: true };
    const counted = await redis.store.count();
    if (counted instanceof Unavailable) return { ...this.#lastTotals, exact: false };
    return this.#lastTotals = counted;
  }

  #tier(
    tier: "process" | "redis",
    figures: { entries: number; bytes: number; evictions: number },
  ): TierStats {
    const { entries, bytes, evictions } = figures;
    const latency = this.counters.latency[tier].summary();
    return { hits: this.counters.tierHits[tier], entries, bytes, evictions, latency };
  }

  #namespaces(stored: ReadonlyMap<string, { entries: number }>): NamespaceStats[] {
    const table = this.counters.namespaces;
    const names = new Set(stored.keys());
    for (const row of table.values()) names.add(row.name);
    return [...names].sort().map((name) => {
      const row = table.get(name) ?? new NamespaceCounts(name);
      return {
        name,
        hits: row.hits,
        misses: row.misses,
        hitRate: hitRate(row),
        keys: stored.get(name)?.entries ?? 0,
        processHits: row.processHits,
        redisHits: row.redisHits,
        staleHits: row.staleHits,
        fills: row.fills,
        refusals: row.refusals,
        bytesSavedByCompression: row.bytesSaved,
        saved: { tokens: row.tokensSaved, costMicros: row.costMicrosSaved },
        similarReuses: row.similarReuses,
        latency: {
          process: row.processLatency.summary(),
          redis: row.redisLatency.summary(),
          fill: row.fillLatency.summary(),
        },
      };
    });
  }
}

function sharedFigures(
  totals: Totals,
  server: Awaited<ReturnType<RedisTier["store"]["info"]>> | undefined,
): { entries: number; bytes: number; evictions: number } {
  const evictions = server === undefined || server instanceof Unavailable ? 0 : server.evictedKeys;
  return { entries: totals.entries, bytes: totals.bytes, evictions };
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
