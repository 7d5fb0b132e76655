/** The service and its machine as the API answers for them; types only, for the browser too. */
import type { z } from "@hono/zod-openapi";
import type { KeptAnswer } from "./schemas/backups.ts";
import type * as schema from "./schemas/system.ts";

/** `health_report` of GET /health. */
export type HealthReport = schema.HealthReport;
export type HealthWord = HealthReport["status"];
/** One thing that was looked at, and what was found. */
export type HealthCheck = HealthReport["checks"][number];
/** `performance_summary` of GET /performance/summary; none of its numbers is ever null. */
export type PerformanceSummary = schema.PerformanceSummary;
/** Something that took points off the performance score. */
export type ScoreTerm = PerformanceSummary["score_terms"][number];

export type CleanupType = schema.CleanupType;
/** POST /maintenance/cleanup. */
export type CleanupStarted = z.infer<typeof schema.CleanupQueued>;
/** GET /maintenance/retention: how long records are kept, the database's size, its backups. */
export type Kept = Pick<
  z.infer<typeof KeptAnswer>,
  "retention" | "database" | "backups" | "bucket"
>;
