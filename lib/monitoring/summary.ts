import type { Clock } from "../clock.ts";
import { within } from "./deadline.ts";
import type { HealthReport } from "./health.ts";
import { humanBytes } from "./words.ts";
import { round2 } from "../analytics/rounding.ts";
import type { Score } from "./score.ts";

/** Statistics of the cache as the summary needs them. */
export interface CacheFigures {
  /** Percent; null before the first lookup. */
  hitRate: number | null;
  totalKeys: number;
  memoryBytes: number;
  operationsPerSecond: number;
}

/** Live conversations; the success rate in percent, null before one ended. */
export interface ConversationFigures {
  total: number;
  breakdown: { pending: number; processing: number; completed: number; failed: number };
  successRate: number | null;
}

export interface SummaryPorts {
  cache(): CacheFigures | Promise<CacheFigures>;
  conversations(): ConversationFigures | Promise<ConversationFigures>;
  health(): Promise<HealthReport>;
  activeTasks(): number | Promise<number>;
  score(): Promise<Score>;
}

/** The wire shape of `GET /performance/summary`; a rate without observations is 0. */
export interface PerformanceSummary extends Score {
  cache_performance: {
    hit_rate: number;
    total_keys: number;
    memory_usage: string;
    operations_per_second: number;
  };
  conversation_metrics: {
    total_conversations: number;
    status_breakdown: { pending: number; processing: number; completed: number; failed: number };
    success_rate: number;
    timestamp: string;
  };
  system_health: { status: HealthReport["status"] } & Pick<HealthReport, "system" | "services">;
  active_tasks_count: number;
  timestamp: string;
}

const PORT_TIMEOUT_MS = 1_000;
const NO_CACHE: CacheFigures = {
  hitRate: null,
  totalKeys: 0,
  memoryBytes: 0,
  operationsPerSecond: 0,
};

/**
 * Everything at a glance, within 2 s. A cache that does not answer shows as empty; a database that
 * does not is an AppError `timeout`.
 */
export async function performanceSummary(
  ports: SummaryPorts,
  clock: Clock,
): Promise<PerformanceSummary> {
  const [cache, conversations, health, active, score] = await Promise.all([
    within(() => ports.cache(), PORT_TIMEOUT_MS, clock).catch(() => NO_CACHE),
    within(() => ports.conversations(), PORT_TIMEOUT_MS, clock),
    ports.health(),
    within(() => ports.activeTasks(), PORT_TIMEOUT_MS, clock),
    ports.score(),
  ]);
  const timestamp = new Date(clock.now()).toISOString();
  return {
    cache_performance: {
      hit_rate: round2(cache.hitRate ?? 0),
      total_keys: cache.totalKeys,
      memory_usage: humanBytes(cache.memoryBytes),
      operations_per_second: round2(cache.operationsPerSecond),
    },
    conversation_metrics: {
      total_conversations: conversations.total,
      status_breakdown: conversations.breakdown,
      success_rate: round2(conversations.successRate ?? 0),
      timestamp,
    },
    system_health: { status: health.status, system: health.system, services: health.services },
    active_tasks_count: active,
    ...score,
    timestamp,
  };
}
