import { rate } from "./windowed_counts.ts";

export const COUNT_FIELDS = ["hits", "lookups", "completed", "failed"] as const;
export type CountField = typeof COUNT_FIELDS[number];
export type Counts = Record<CountField, number>;

/** What is kept of one minute, or of one hour: then means, and sums of the counts. */
export interface HistoryRecord extends Counts {
  score: number;
  cpuPercent: number;
  memoryPercent: number;
  queueDepth: number;
  /** 95th percentile of answering; null when nothing was answered. */
  latencyMs: number | null;
}

/** The record of an hour from those of its minutes; there is at least one. */
export function hourOf(minutes: HistoryRecord[]): HistoryRecord {
  const mean = (read: (record: HistoryRecord) => number | null): number | null => {
    const values = minutes.map(read).filter((value) => value !== null);
    return values.length > 0 ? values.reduce((sum, value) => sum + value) / values.length : null;
  };
  const sum = (field: CountField) => minutes.reduce((total, record) => total + record[field], 0);
  return {
    score: mean((record) => record.score)!,
    cpuPercent: mean((record) => record.cpuPercent)!,
    memoryPercent: mean((record) => record.memoryPercent)!,
    queueDepth: mean((record) => record.queueDepth)!,
    latencyMs: mean((record) => record.latencyMs),
    hits: sum("hits"),
    lookups: sum("lookups"),
    completed: sum("completed"),
    failed: sum("failed"),
  };
}

/** What `GET /performance/history` can be asked for, and how it is read from a record. */
export const HISTORY_METRICS = {
  score: (record: HistoryRecord) => record.score,
  cpu_percent: (record: HistoryRecord) => record.cpuPercent,
  memory_percent: (record: HistoryRecord) => record.memoryPercent,
  hit_rate: (record: HistoryRecord) => rate(record.hits, record.lookups),
  success_rate: (record: HistoryRecord) => rate(record.completed, record.completed + record.failed),
  queue_depth: (record: HistoryRecord) => record.queueDepth,
  latency_ms: (record: HistoryRecord) => record.latencyMs,
} as const;

export type HistoryMetric = keyof typeof HISTORY_METRICS;
