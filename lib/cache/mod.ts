/** A cache over Redis or in the process, whose failures are misses. See docs/cache.md. */
export type {
  Cache,
  CacheStats,
  ClearOptions,
  ClearResult,
  EntryView,
  Factory,
  FillContext,
  GetOrSetOptions,
  ReadOptions,
  Resolved,
  SetOptions,
  ValueSchema,
} from "./cache.ts";
export { CacheService } from "./cache_service.ts";
export { escapeGlob } from "./glob.ts";
export { CacheKeyBuilder, type KeyPart } from "./key_builder.ts";
export { type CacheOptions, openCache } from "./open_cache.ts";
export { DEFAULT_TTL_SECONDS, MAX_TTL_SECONDS } from "./ttl.ts";
export type { RedisInfo } from "./redis_info.ts";
