import type { Instant } from "./envelope.ts";

/** `cache_stats` of GET /cache/stats. */
export interface CacheStats {
  /** What holds now. */
  connected: boolean;
  /** What is configured. */
  backend: "redis" | "memory";
  /** Percent; null before the first lookup. */
  hit_rate: number | null;
  hits: number;
  misses: number;
  total_keys: number;
  /** For people: "1.2 MB". */
  memory_usage: string;
  memory_bytes: number;
  operations_per_second: number;
  uptime_seconds: number;
}

/** POST /cache/clear. `task_id` and `complete: false` when it goes on in the background. */
export interface CacheCleared {
  cleared_entries: number;
  pattern: string | null;
  task_id?: string;
  complete?: boolean;
  timestamp: Instant;
}
