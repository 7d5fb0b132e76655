import type { Clock } from "../clock.ts";
import type { Logger } from "../log.ts";
import type { CacheEvent } from "./cache.ts";

export interface CacheOptions {
  /**
   * `redis://`, `redis+sentinel://` or `redis+cluster://`, with `rediss` for TLS (see
   * redis_address.ts); absent = the cache lives in the process.
   */
  redisUrl?: string;
  /** Certificates (PEM) by which a `rediss://` server is known, instead of the system's. */
  tlsCa?: string;
  /** What all keys in Redis begin with; `pixel_ai` when absent. */
  prefix?: string;
  clock?: Clock;
  log?: Logger;
  /** 3,600 when absent. */
  defaultTtlSeconds?: number;
  /** At most, and when absent, 86,400. */
  maxTtlSeconds?: number;
  /** Memory for entries, or for copies of them, in the process; 64 MiB when absent. */
  maxMemoryBytes?: number;
  /** Entries, or copies of them, in the process; 100,000 when absent. */
  maxMemoryEntries?: number;
  /** Largest single value as written down; 4 MiB when absent. */
  maxEntryBytes?: number;
  /** After this a command counts as failed; 100 when absent. */
  commandTimeoutMs?: number;
  /** How long a connection attempt may take; 1,000 when absent. */
  connectTimeoutMs?: number;
  /** How long opening waits for Redis before it goes on without; 1,000 when absent. */
  openWaitMs?: number;
  /** Whether copies of what lies in Redis are kept in the process; true when absent. */
  inProcess?: boolean;
  /** How long such a copy may live, whatever happens; 60 when absent. */
  inProcessTtlSeconds?: number;
  /** How long the process remembers what it computes while Redis is away; 5 when absent. */
  outageTtlSeconds?: number;
  /** How processes tell each other of changes; `tracking`, where Redis offers it, when absent. */
  invalidateBy?: "tracking" | "publishing";
  /** Told when Redis goes and comes. */
  onEvent?: (event: CacheEvent) => void;
}
