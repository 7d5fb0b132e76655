import { z } from "@hono/zod-openapi";
import { success } from "./envelope.ts";
import { Count, Id, Percent } from "./text.ts";

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
  namespaces: z.array(z.object({
    name: z.string(),
    keys: Count,
    hits: Count,
    misses: Count,
    hit_rate: Percent.nullable(),
  })).optional().openapi({ description: "by the part of a key before its first colon" }),
}).openapi("CacheStats");
export type CacheStats = z.infer<typeof CacheStats>;

export const CacheStatsAnswer = success({ cache_stats: CacheStats });

export const ClearPattern = z.object({ pattern: Id.nullish() });
export const CacheCleared = success({
  cleared_entries: Count,
  pattern: z.string().nullable(),
  complete: z.boolean().optional().openapi({ description: "false while a task clears the rest" }),
  task_id: z.string().optional(),
});

export const CacheEntry = success({
  key: z.string(),
  value: z.unknown().openapi({ description: "`[hidden]` without the right to read content" }),
});
export const CacheDeleted = success({ deleted: z.boolean(), key: z.string() });
