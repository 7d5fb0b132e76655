import { z } from "@hono/zod-openapi";
import { ConversationMetrics } from "./conversations.ts";
import { success } from "./envelope.ts";
import { Count, GivenInstant, Instant, Percent } from "./text.ts";

const System = z.object({
  cpu_percent: Percent,
  memory_percent: Percent,
  disk_percent: Percent,
});
const Services = z.object({ redis_healthy: z.boolean(), database_healthy: z.boolean() });

const HealthWord = z.enum(["healthy", "degraded", "unhealthy"]);

export const HealthReport = z.object({
  timestamp: Instant,
  status: HealthWord,
  since: Instant.optional().openapi({ description: "since when it has been so" }),
  system: System,
  services: Services,
  redis_info: z.object({ connected_clients: Count, used_memory_human: z.string() })
    .nullable(),
  checks: z.array(
    z.object({ name: z.string(), status: HealthWord, detail: z.string().optional() }),
  ),
}).openapi("HealthReport");
export type HealthReport = z.infer<typeof HealthReport>;
export const HealthAnswer = success({ health_report: HealthReport });

export const PerformanceSummary = z.object({
  cache_performance: z.object({
    hit_rate: Percent,
    total_keys: Count,
    memory_usage: z.string(),
    operations_per_second: z.number(),
  }),
  conversation_metrics: ConversationMetrics.extend({ success_rate: Percent }),
  system_health: z.object({
    status: HealthWord.optional(),
    system: System,
    services: Services,
  }),
  active_tasks_count: Count,
  performance_score: Percent,
  score_terms: z.array(z.object({
    term: z.enum(["cache_hit_rate", "success_rate", "cpu", "memory"]),
    value: z.number(),
    threshold: z.number(),
    points: z.number(),
    detail: z.string().optional(),
  })),
  timestamp: Instant,
}).openapi("PerformanceSummary");
export type PerformanceSummary = z.infer<typeof PerformanceSummary>;
export const SummaryAnswer = success({ performance_summary: PerformanceSummary });

export const CLEANUP_TYPES = ["all", "conversations", "cache", "tasks"] as const;
export type CleanupType = (typeof CLEANUP_TYPES)[number];
export const CleanupInput = z.object({ cleanup_type: z.enum(CLEANUP_TYPES).nullish() });
export const CleanupQueued = success({
  cleanup_tasks: z.array(z.object({ type: z.string(), task_id: z.string() })),
  cleanup_type: z.enum(CLEANUP_TYPES),
});

export const HISTORY_METRICS = [
  "score",
  "cpu_percent",
  "memory_percent",
  "hit_rate",
  "success_rate",
  "queue_depth",
  "latency_ms",
] as const;
const metricList = z.string().transform((text, context) => {
  const names = text.split(",");
  for (const name of names) {
    if (HISTORY_METRICS.includes(name as never)) continue;
    context.addIssue({ code: "custom", message: `must be some of ${HISTORY_METRICS.join(",")}` });
    return z.NEVER;
  }
  return [...new Set(names)] as (typeof HISTORY_METRICS)[number][];
});
export const HistoryQuery = z.object({
  metrics: metricList.optional().openapi({ type: "string", example: "score,cpu_percent" }),
  from: GivenInstant.optional(),
  to: GivenInstant.optional(),
  granularity: z.enum(["minute", "hour"]).optional(),
});
export const HistoryAnswer = success({
  history: z.object({
    granularity: z.enum(["minute", "hour"]),
    from: Instant,
    to: Instant,
    points: z.array(z.object({ at: Instant })),
  }),
});

export const ServiceStopping = success({
  stopping: z.literal(true),
  pid: z.int().openapi({ description: "of the process on its own machine" }),
});
