import type { Instant } from "./envelope.ts";

export type HistoryMetric =
  | "score"
  | "cpu_percent"
  | "memory_percent"
  | "hit_rate"
  | "queue_depth"
  | "latency_p95_ms";

/** `history` of GET /performance/history: per minute for 48 h, per hour for 400 days. */
export interface History {
  granularity: "minute" | "hour";
  from: Instant;
  to: Instant;
  /** One point for every minute or hour of the window; null where nothing was measured. */
  series: { metric: HistoryMetric; points: { at: Instant; value: number | null }[] }[];
}

/** The query of GET /performance/history; `metrics` is a comma-separated list. */
export interface HistoryQuery {
  metrics: string;
  from: Instant;
  to: Instant;
  granularity: "minute" | "hour";
}
