import type { Instant } from "./envelope.ts";
import type { ConversationMetrics } from "./conversations.ts";

export type HealthWord = "healthy" | "degraded" | "unhealthy";

export interface MachineUse {
  cpu_percent: number;
  memory_percent: number;
  disk_percent: number;
}

export interface ServiceFlags {
  redis_healthy: boolean;
  database_healthy: boolean;
}

/** One thing that was looked at, and what was found. */
export interface HealthCheck {
  name: string;
  status: HealthWord;
  /** What was found, in words. */
  detail?: string;
}

/** `health_report` of GET /health. */
export interface HealthReport {
  timestamp: Instant;
  status: HealthWord;
  system: MachineUse;
  services: ServiceFlags;
  redis_info: { connected_clients: number; used_memory_human: string } | null;
  checks: HealthCheck[];
}

/** Something that took points off the performance score. */
export interface ScoreTerm {
  term: "cache_hit_rate" | "success_rate" | "cpu" | "memory";
  /** What was measured, percent. */
  value: number;
  /** Where it begins to cost, percent. */
  threshold: number;
  /** Points taken off. */
  points: number;
  /** In words. */
  detail?: string;
}

/** `performance_summary` of GET /performance/summary; none of its numbers is ever null. */
export interface PerformanceSummary {
  cache_performance: {
    hit_rate: number;
    total_keys: number;
    memory_usage: string;
    operations_per_second: number;
  };
  conversation_metrics: Omit<ConversationMetrics, "success_rate"> & { success_rate: number };
  system_health: { status?: HealthWord; system: MachineUse; services: ServiceFlags };
  active_tasks_count: number;
  /** 0–100. */
  performance_score: number;
  score_terms: ScoreTerm[];
  timestamp: Instant;
}

export type CleanupType = "all" | "conversations" | "cache" | "tasks";

/** POST /maintenance/cleanup. */
export interface CleanupStarted {
  cleanup_tasks: { type: string; task_id: string }[];
  cleanup_type: CleanupType;
}
