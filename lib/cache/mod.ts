/** A cache over Redis or in the process, whose failures are misses. See docs/cache.md. */
export type {
  Cache,
  CacheEvent,
  ClearOptions,
  ClearResult,
  EntryView,
  Factory,
  FillContext,
  GetOrSetOptions,
  KeyPage,
  KeysOptions,
  KeyView,
  ReadOptions,
  Resolved,
  SetOptions,
  ValueSchema,
} from "./cache.ts";
export type { CacheOptions } from "./cache_options.ts";
export { CacheService } from "./cache_service.ts";
export type { CacheStats, NamespaceStats, Saving, Savings, TierStats } from "./cache_stats.ts";
export { escapeGlob } from "./glob.ts";
export type { LatencySummary } from "./latency.ts";
export type { Refusal } from "./lookup_counters.ts";
export type { OutageKind } from "./outage_kind.ts";
export { CacheKeyBuilder, type KeyPart } from "./key_builder.ts";
export { openCache } from "./open_cache.ts";
export type { RedisInfo } from "./redis_info.ts";
export { DEFAULT_TTL_SECONDS, MAX_TTL_SECONDS } from "./ttl.ts";
