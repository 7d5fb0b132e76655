/** The cache as the API answers for it; types only, so that no schema reaches the browser. */
import type { z } from "@hono/zod-openapi";
import type * as schema from "./schemas/cache.ts";

/** `cache_stats` of GET /cache/stats. */
export type CacheStats = schema.CacheStats;
/** POST /cache/clear. `task_id` and `complete: false` when it goes on in the background. */
export type CacheCleared = z.infer<typeof schema.CacheCleared>;
/** GET /cache/key/{key}. */
export type CacheEntry = z.infer<typeof schema.CacheEntry>;
/** GET /cache/keys. */
export type CacheKeyPage = Pick<z.infer<typeof schema.CacheKeys>, "keys" | "next_cursor">;
