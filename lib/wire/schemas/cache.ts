import { z } from "@hono/zod-openapi";
import { success } from "./envelope.ts";
import { Count, cursorLike, Id, Instant, pageSize, Percent } from "./text.ts";

export const CacheStats = z.object({
  connected: z.boolean().openapi({ description: "whether the configured backend answers now" }),
  backend: z.enum(["redis", "memory"]),
  hit_rate: Percent.nullable().openapi({ description: "null before the first lookup" }),
  hits: Count,
  misses: Count,
  total_keys: Count,
  memory_usage: z.string().openapi({ example: "1.2 MB" }),
  memory_bytes: Count,
  operations_per_second: z.number(),
  uptime_seconds: z.number(),
  last_day: z.object({ hits: Count, misses: Count, hit_rate: Percent.nullable() }).optional()
    .openapi({ description: "the last 24 hours of this process" }),
  redis: z.object({
    state: z.enum(["closed", "open", "half-open"]).openapi({
      description: "of the breaker: closed = Redis is asked",
    }),
    reason: z.string().nullable(),
    kind: z.string().nullable().optional().openapi({
      description: "of the reason, one of a few, as metrics are labelled with",
    }),
    since: Instant,
  }).nullable().optional().openapi({ description: "null where the cache is in the process" }),
  stale_hits: Count.optional().openapi({ description: "hits past their time, on purpose" }),
  fills: Count.optional().openapi({ description: "values that were computed" }),
  writes: Count.optional(),
  damaged: Count.optional().openapi({ description: "entries that could not be read" }),
  refusals: z.record(z.string(), Count).optional().openapi({
    description: "values that were not stored, by reason",
  }),
  bytes_saved_by_compression: Count.optional(),
  saved: z.object({
    tokens: Count,
    cost_micros: z.number().openapi({ description: "millionths of the prices' currency" }),
  }).optional().openapi({ description: "what cached answers have spared" }),
  similar_reuses: Count.optional().openapi({
    description: "answers that were given again to a similar question",
  }),
  unsent: z.object({ waiting: Count, replayed: Count }).optional().openapi({
    description: "deletions that Redis could not be told of yet, and those made good",
  }),
  server: z.object({
    version: z.string(),
    used_memory_bytes: Count,
    max_memory_bytes: Count.openapi({ description: "0 = no limit" }),
    maxmemory_policy: z.string(),
    evicted_keys: Count,
    connected_clients: Count,
  }).nullable().optional().openapi({ description: "what Redis says of itself" }),
  tiers: z.array(z.object({
    name: z.enum(["process", "redis"]),
    active: z.boolean().openapi({ description: "whether it may answer now" }),
    hits: Count,
    keys: Count,
    bytes: Count,
    evictions: Count.openapi({ description: "of the whole server where it is Redis" }),
    p50_ms: z.number().nullable().optional(),
    p99_ms: z.number().nullable().optional(),
    p95_ms: z.number().nullable().openapi({ description: "of a lookup that it answered" }),
  })).optional().openapi({
    description: "where entries lie, in the order in which they are asked",
  }),
  namespaces: z.array(z.object({
    name: z.string(),
    keys: Count,
    hits: Count,
    misses: Count,
    hit_rate: Percent.nullable(),
    process_hits: Count.optional(),
    redis_hits: Count.optional(),
    stale_hits: Count.optional(),
    fills: Count.optional(),
    refusals: Count.optional(),
    bytes_saved_by_compression: Count.optional(),
    p95_ms: z.object({
      process: z.number().nullable(),
      redis: z.number().nullable(),
      fill: z.number().nullable(),
    }).optional().openapi({ description: "of lookups by tier, and of computing" }),
  })).optional().openapi({ description: "by the part of a key before its first colon" }),
}).openapi("CacheStats");
export type CacheStats = z.infer<typeof CacheStats>;

export const CacheStatsAnswer = success({ cache_stats: CacheStats });

export const ClearPattern = z.object({ pattern: Id.nullish() });
export const ClearBody = z.object({
  pattern: Id.nullish(),
  dry_run: z.boolean().nullish().openapi({ description: "count only; clear nothing" }),
});
export const CacheCleared = success({
  cleared_entries: Count,
  pattern: z.string().nullable(),
  complete: z.boolean().optional().openapi({ description: "false while a task clears the rest" }),
  task_id: z.string().optional(),
  dry_run: z.boolean().optional().openapi({
    description: "true: nothing was cleared, only counted",
  }),
});

export const KeysQuery = z.object({
  pattern: Id.optional().openapi({ description: "a glob: `*` anything, `?` one character" }),
  limit: pageSize(200, 50),
  cursor: cursorLike(/^(key~[\s\S]|scan~\d{1,20}\.\d{1,6}$)/).optional(),
});
export const CacheKey = z.object({
  key: z.string(),
  bytes: Count.openapi({ description: "as it is stored" }),
  expires_at: Instant,
}).openapi("CacheKey");
export const CacheKeys = success({
  keys: z.array(CacheKey),
  pattern: z.string().nullable(),
  next_cursor: z.string().optional().openapi({
    description: "where there may be more; a page before it may be short, or empty",
  }),
});

export const CacheEntry = success({
  key: z.string(),
  value: z.unknown().openapi({ description: "`[hidden]` without the right to read content" }),
  bytes: Count.openapi({ description: "as it is stored" }),
  created_at: Instant,
  fresh_until: Instant.openapi({
    description: "after that it only serves those who take stale ones",
  }),
  expires_at: Instant,
  cost_ms: z.number().openapi({ description: "how long it took to compute" }),
  tags: z.array(z.string()),
});
export const CacheDeleted = success({ deleted: z.boolean(), key: z.string() });
