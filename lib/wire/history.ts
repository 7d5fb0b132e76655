import type { Instant } from "./envelope.ts";
import type { HISTORY_METRICS } from "./schemas/system.ts";

export type HistoryMetric = (typeof HISTORY_METRICS)[number];

/** `history` of GET /performance/history: per minute for 48 h, per hour for 400 days. */
export interface History {
  granularity: "minute" | "hour";
  from: Instant;
  to: Instant;
  /** Oldest first, one for every minute or hour that was recorded; null where nothing was measured. */
  points: ({ at: Instant } & Partial<Record<HistoryMetric, number | null>>)[];
}

/** The query of GET /performance/history; `metrics` is a comma-separated list. */
export interface HistoryQuery {
  metrics: string;
  from: Instant;
  to: Instant;
  granularity: "minute" | "hour";
}
