import { z } from "@hono/zod-openapi";
import type { NamespaceStats, TierStats } from "../../lib/cache/mod.ts";
import { AppError, notFound } from "../../lib/errors.ts";
import { commitOnce } from "../../lib/kv/idempotency.ts";
import {
  CacheCleared,
  CacheDeleted,
  CacheEntry,
  CacheKeys,
  CacheStatsAnswer,
  ClearBody,
  ClearPattern,
  KeysQuery,
} from "../../lib/wire/schemas/cache.ts";
import { HIDDEN, Id } from "../../lib/wire/schemas/text.ts";
import type { ApiBuilder } from "./operation.ts";
import { redacted } from "./redact.ts";
import { instant } from "./shown.ts";

const CLEAR_WAIT_MS = 5_000;
const Key = z.object({ key: Id });

/** Cache: statistics, looking at an entry, clearing. */
export function addCache(api: ApiBuilder): void {
  const { cache, work, db } = api.deps;

  api.add({
    route: "GET /cache/stats",
    tag: "Cache",
    summary: "How the cache does",
    answer: CacheStatsAnswer,
    async handle() {
      const s = await cache.stats();
      return {
        cache_stats: {
          connected: s.connected,
          backend: s.backend,
          hit_rate: s.hitRate,
          hits: s.hits,
          misses: s.misses,
          total_keys: s.totalKeys,
          memory_usage: s.memoryUsage,
          memory_bytes: s.memoryBytes,
          operations_per_second: s.operationsPerSecond,
          uptime_seconds: s.uptimeSeconds,
          last_day: {
            hits: s.lastDay.hits,
            misses: s.lastDay.misses,
            hit_rate: s.lastDay.hitRate,
          },
          tiers: [
            tier("process", s.process, s.process.active),
            ...(s.shared ? [tier("redis", s.shared, s.connected)] : []),
          ],
          namespaces: s.namespaces.map(namespaceRow),
          redis: s.redis && { ...s.redis, since: instant(s.redis.since) },
          stale_hits: s.staleHits,
          fills: s.fills,
          writes: s.writes,
          damaged: s.damaged,
          refusals: s.refusals as Record<string, number>,
          bytes_saved_by_compression: s.bytesSavedByCompression,
          saved: { tokens: s.saved.tokens, cost_micros: s.saved.costMicros },
          similar_reuses: s.similarReuses,
          unsent: s.unsent,
          server: s.server && {
            version: s.server.version,
            used_memory_bytes: s.server.usedMemoryBytes,
            max_memory_bytes: s.server.maxMemoryBytes,
            maxmemory_policy: s.server.maxmemoryPolicy,
            evicted_keys: s.server.evictedKeys,
            connected_clients: s.server.connectedClients,
          },
        },
      };
    },
  });

  api.add({
    route: "POST /cache/clear",
    tag: "Cache",
    summary: "Clear what matches a pattern, or everything that is ours",
    description: "The pattern may stand in the body or in the query. `*` matches anything. " +
      "With `dry_run` in the body nothing is cleared, and what would be is counted.",
    query: ClearPattern,
    body: ClearBody,
    answer: CacheCleared,
    queues: true,
    async handle({ query, body, claim, audit }) {
      const pattern = body.pattern ?? query.pattern ?? undefined;
      if (body.dry_run) {
        const found = await cache.clear(pattern, { waitMs: CLEAR_WAIT_MS, dryRun: true });
        return {
          cleared_entries: found.cleared,
          pattern: pattern ?? null,
          dry_run: true,
          ...(found.complete ? {} : { complete: false }),
        };
      }
      const first = await claim?.earlier();
      if (first) return first.answer as { cleared_entries: number; pattern: string | null };
      const { cleared, complete, cursor } = await cache.clear(pattern, { waitMs: CLEAR_WAIT_MS });
      return await commitOnce(db, claim, (tx) => {
        audit(tx);
        return {
          cleared_entries: cleared,
          pattern: pattern ?? null,
          ...(complete ? {} : { complete, task_id: work.clearCache(tx, pattern, cursor) }),
        };
      });
    },
  });

  api.add({
    route: "GET /cache/key/{key}",
    tag: "Cache",
    summary: "Look at one entry",
    description: "Slashes in the key need not be encoded. Looking does not count as a lookup. " +
      "Fields with a secret's name (`password`, `api_key`, `authorization` …) read `[redacted]`.",
    params: Key,
    rest: "key",
    answer: CacheEntry,
    async handle({ params: { key }, principal }) {
      const entry = await cache.inspect(key);
      if (!entry) throw notFound("There is no such key in the cache.");
      return {
        key,
        value: principal.content ? redacted(entry.value) : HIDDEN,
        bytes: entry.bytes,
        created_at: instant(entry.createdAt),
        fresh_until: instant(entry.freshUntil),
        expires_at: instant(entry.expiresAt),
        cost_ms: entry.costMs,
        tags: [...entry.tags],
      };
    },
  });

  api.add({
    route: "GET /cache/keys",
    tag: "Cache",
    summary: "Browse the keys that a pattern matches",
    query: KeysQuery,
    answer: CacheKeys,
    statuses: [503],
    async handle({ query: { pattern, limit, cursor } }) {
      const page = await cache.keys(pattern, { limit, cursor });
      if (page.reason !== undefined) {
        throw new AppError("unavailable", "Redis does not answer just now.");
      }
      return {
        keys: page.keys.map(({ key, bytes, expiresAt }) => ({
          key,
          bytes,
          expires_at: instant(expiresAt),
        })),
        pattern: pattern ?? null,
        ...(page.cursor === undefined ? {} : { next_cursor: page.cursor }),
      };
    },
  });

  api.add({
    route: "DELETE /cache/key/{key}",
    tag: "Cache",
    summary: "Clear one entry",
    params: Key,
    rest: "key",
    answer: CacheDeleted,
    async handle({ params: { key } }) {
      return { deleted: await cache.delete(key), key };
    },
  });
}

function tier(
  name: "process" | "redis",
  { hits, entries, bytes, evictions, latency }: TierStats,
  active: boolean,
) {
  const { p50Ms, p95Ms, p99Ms } = latency;
  const times = { p50_ms: p50Ms, p95_ms: p95Ms, p99_ms: p99Ms };
  return { name, active, hits, keys: entries, bytes, evictions, ...times };
}

function namespaceRow(row: NamespaceStats) {
  const { process, redis, fill } = row.latency;
  return {
    name: row.name,
    keys: row.keys,
    hits: row.hits,
    misses: row.misses,
    hit_rate: row.hitRate,
    process_hits: row.processHits,
    redis_hits: row.redisHits,
    stale_hits: row.staleHits,
    fills: row.fills,
    refusals: row.refusals,
    bytes_saved_by_compression: row.bytesSavedByCompression,
    p95_ms: { process: process.p95Ms, redis: redis.p95Ms, fill: fill.p95Ms },
  };
}
