import type { LatencySummary } from "./latency.ts";
import type { Refusal } from "./lookup_counters.ts";
import type { OutageKind } from "./outage_kind.ts";
import type { RedisInfo } from "./redis_info.ts";

/** What was spared because an answer came from the cache; whoever uses it tells it. */
export interface Savings {
  tokens: number;
  /** Millionths of the currency that prices are in. */
  costMicros: number;
}

/** What one answer from the cache has spared. */
export interface Saving extends Savings {
  /** True where the answer had been given to another question, near enough to this one. */
  similar?: boolean;
}

/** One namespace: the part of a key before its first colon. */
export interface NamespaceStats {
  name: string;
  hits: number;
  misses: number;
  hitRate: number | null;
  /** Living entries. */
  keys: number;
  processHits: number;
  redisHits: number;
  staleHits: number;
  fills: number;
  refusals: number;
  bytesSavedByCompression: number;
  saved: Savings;
  similarReuses: number;
  latency: { process: LatencySummary; redis: LatencySummary; fill: LatencySummary };
}

/** One place where entries lie. */
export interface TierStats {
  hits: number;
  entries: number;
  bytes: number;
  evictions: number;
  latency: LatencySummary;
}

export interface CacheStats {
  /** What is configured. */
  backend: "redis" | "memory";
  /** Whether it answers now; always true in memory. */
  connected: boolean;
  /** State of the breaker before Redis, why it is open and since when (ms); null in memory. */
  redis: {
    state: "closed" | "open" | "half-open";
    reason: string | null;
    /** What kind of reason; null while closed. */
    kind: OutageKind | null;
    since: number;
  } | null;
  /** Percent of our own lookups that were answered; null before the first. */
  hitRate: number | null;
  hits: number;
  misses: number;
  /** The same over the last 24 hours of this process. */
  lastDay: { hits: number; misses: number; hitRate: number | null };
  /** Living entries under our prefix; the last known number while Redis does not answer. */
  totalKeys: number;
  /** False while `totalKeys` and `memoryBytes` are old or leave something out. */
  totalsExact: boolean;
  /** What our entries occupy, keys included, as stored. */
  memoryBytes: number;
  memoryUsage: string;
  operationsPerSecond: number;
  uptimeSeconds: number;
  fills: number;
  writes: number;
  /** Stored things that could not be read as entries of ours. */
  damaged: number;
  evictions: number;
  bytesSavedByCompression: number;
  refusals: Partial<Record<Refusal, number>>;
  /** Hits that were given past their time on purpose; part of the hits. */
  staleHits: number;
  /** The process's own tier; `active` while it may answer. Lookups in it are timed now and then. */
  process: TierStats & { active: boolean; invalidatedBy: "tracking" | "publishing" | null };
  /** The tier in Redis; null without one. */
  shared: TierStats | null;
  /** What the Redis server says of itself; null without one, or while it does not answer. */
  server: RedisInfo | null;
  /** Deletions and invalidations that Redis could not be told of yet, and those made good. */
  unsent: { waiting: number; replayed: number };
  saved: Savings;
  /** Answers that were given again to a similar question; part of the hits. */
  similarReuses: number;
  namespaces: NamespaceStats[];
}
