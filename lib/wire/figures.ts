/** Figures of any span as the API answers them; types only, so that no schema reaches the browser. */
import type { z } from "@hono/zod-openapi";
import type * as schema from "./schemas/figures.ts";

/** `analytics` of GET /analytics/range. */
export type RangeReport = z.infer<typeof schema.RangeAnswer>["analytics"];
/** `analytics` of GET /analytics/compare. */
export type Comparison = z.infer<typeof schema.CompareAnswer>["analytics"];
/** `analytics` of GET /analytics/busiest. */
export type BusiestHours = z.infer<typeof schema.BusiestAnswer>["analytics"];
/** `analytics` of GET /analytics/anomalies. */
export type Anomalies = z.infer<typeof schema.AnomaliesAnswer>["analytics"];
/** `analytics` of GET /analytics/retention. */
export type Retention = z.infer<typeof schema.RetentionAnswer>["analytics"];
export type RangeMetric = schema.RangeMetric;

/** The span that figures are asked for: local days of a time zone, both included. */
export interface Span {
  from: string;
  to: string;
  tz: string;
  bot_id?: string;
}
