import { z } from "@hono/zod-openapi";
import { success } from "./envelope.ts";
import { TrendSlope } from "./analytics.ts";
import { Count, Day, Id, Instant, pageSize } from "./text.ts";

/** Metrics of what users do over all bots together. */
export const USER_METRICS = [
  "active_users",
  "new_users",
  "lifecycle",
  "engagement",
  "contained_24h_rate",
] as const;

/** Metrics of `GET /analytics/range`; docs/analytics.md defines each. */
export const RANGE_METRICS = [
  "conversations",
  "messages",
  "status",
  "messages_per_conversation",
  "turns",
  "answer_rate",
  "fallback_rate",
  "sources",
  "containment_rate",
  "handoff_rate",
  "abandon_rate",
  "first_response_ms",
  "turn_ms",
  "wait_ms",
  "processing_ms",
  "success_rate",
  "error_rate",
  "retry_rate",
  "cache",
  "csat",
  "tokens",
  "cost",
  ...USER_METRICS,
] as const;
export type RangeMetric = (typeof RANGE_METRICS)[number];

const metricList = z.string().transform((text, context) => {
  const names = text.split(",");
  for (const name of names) {
    if (RANGE_METRICS.includes(name as RangeMetric)) continue;
    context.addIssue({ code: "custom", message: `must be some of ${RANGE_METRICS.join(",")}` });
    return z.NEVER;
  }
  return [...new Set(names)] as RangeMetric[];
}).optional().openapi({ type: "string", example: "conversations,answer_rate,turn_ms" });

const zone = z.string().min(1).max(64).default("UTC").openapi({
  description: "Time zone in which days begin: an IANA name or an offset of whole quarter hours.",
  example: "Europe/Berlin",
});
const format = z.enum(["json", "csv"]).optional().openapi({
  description: "By default what `Accept` prefers, else JSON.",
});
const span = { from: Day.optional(), to: Day.optional(), tz: zone };
const bot = { bot_id: Id.optional() };

const granularity = z.enum(["hour", "day", "week", "month"]);
export const RangeQuery = z.object({
  ...span,
  ...bot,
  granularity: granularity.default("day"),
  by: z.enum(["bot"]).optional(),
  metrics: metricList,
  format,
});
export const CompareQuery = z.object({
  ...span,
  ...bot,
  unit: z.enum(["days", "week", "month"]).default("week"),
  metrics: metricList,
});
export const BusiestQuery = z.object({ ...span, ...bot });
export const AnomaliesQuery = z.object({ ...span, ...bot });
export const RetentionQuery = z.object({
  from: Day.optional(),
  to: Day.optional(),
  granularity: z.enum(["day", "week", "month"]).default("day"),
});
export const UnansweredQuery = z.object({ bot_id: Id, limit: pageSize(100, 20) });

/** A metric's figures by name; null where nothing was observed. `n`: what a rate is a share of. */
const Figures = z.record(z.string(), z.number().nullable()).openapi("Figures", {
  example: { value: 92.5, n: 40 },
});
const figures = z.object(
  Object.fromEntries(RANGE_METRICS.map((name) => [name, Figures.optional()])) as Record<
    RangeMetric,
    z.ZodOptional<typeof Figures>
  >,
);
const metrics = z.array(z.enum(RANGE_METRICS));

const RangeRow = z.object({
  start: Instant,
  end: Instant,
  local_start: z.string(),
  partial: z.boolean(),
  bot_id: z.string().optional(),
  figures,
}).openapi("RangeRow");

export const RangeAnswer = success({
  analytics: z.object({
    from: z.string(),
    to: z.string(),
    tz: z.string(),
    granularity,
    bot_id: z.string().optional(),
    metrics,
    rows: z.array(RangeRow),
    totals: figures,
    trend: z.object({
      direction: z.enum(["increasing", "decreasing", "stable", "insufficient_data"]),
      slope: TrendSlope,
    }),
  }).openapi("RangeReport"),
});

const Side = z.object({ start: Instant, end: Instant, figures });
export const CompareAnswer = success({
  analytics: z.object({
    current: Side,
    previous: Side,
    basis: z.enum(["whole", "equal_elapsed"]),
    growth: figures,
  }).openapi("Comparison"),
});

export const BusiestAnswer = success({
  analytics: z.object({
    from: z.string(),
    to: z.string(),
    hours: z.array(z.object({
      weekday: z.int().openapi({ minimum: 1, maximum: 7 }),
      hour: z.int().openapi({ minimum: 0, maximum: 23 }),
      conversations: Count,
      turns: Count,
      n: z.number(),
      conversations_per_hour: z.number().nullable(),
    })),
  }).openapi("BusiestHours"),
});

export const AnomaliesAnswer = success({
  analytics: z.object({
    from: z.string(),
    to: z.string(),
    judged: Count.openapi({ description: "Figures of days with enough weeks before to judge." }),
    anomalies: z.array(
      z.object({
        date: z.string(),
        metric: z.enum(["conversations", "answer_rate", "error_rate", "turn_ms"]),
        value: z.number(),
        expected: z.number(),
        low: z.number(),
        high: z.number(),
        score: z.number(),
        n: Count,
      }).openapi("Anomaly"),
    ),
  }).openapi("Anomalies"),
});

const Returned = z.object({
  value: z.number().nullable(),
  users: Count.nullable(),
  n: Count,
});
export const RetentionAnswer = success({
  analytics: z.object({
    from: z.string(),
    to: z.string(),
    cohorts: z.array(
      z.object({ start: z.string(), users: Count, d1: Returned, d7: Returned, d30: Returned }),
    ),
  }).openapi("Retention"),
});

export const UnansweredAnswer = success({
  bot_id: z.string(),
  questions: z.array(
    z.object({
      question: z.string(),
      count: Count,
      variants: z.array(z.string()),
      last_asked_at: Instant,
    }).openapi("UnansweredQuestion"),
  ),
});

export const RecountQueued = success({ task_id: z.string() });
