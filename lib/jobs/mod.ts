/**
 * Durable jobs on Deno KV: declare a kind, enqueue it, and it is performed, also after a crash,
 * with effects that happen exactly once. See docs/jobs.md.
 */
export { type Backoff, exponential } from "./backoff.ts";
export type { BatchView } from "./batch_view.ts";
export { Batches } from "./batches.ts";
export { type BulkOptions, enqueueMany } from "./bulk.ts";
export {
  type AnyDefinition,
  cancel,
  complete,
  declareJob,
  defineJob,
  type Effects,
  handleJob,
  type JobDefinition,
  JobError,
  type JobHandler,
  type JobKind,
  type PerformContext,
  type PerformResult,
  snooze,
} from "./definition.ts";
export { JobEngine, type JobEngineOptions } from "./engine.ts";
export type { EnqueueOptions, PrepareOptions } from "./enqueue_options.ts";
export type { EngineEvent, JobEvent, QueueEvent } from "./events.ts";
export { EventRing, type EventRingOptions, type RingEntry } from "./event_ring.ts";
export { type JobState, PRIORITY } from "./job.ts";
export { chain, Flows, type FlowStep, type FlowView, step } from "./flows.ts";
export type { JobFilter, JobPage } from "./job_list.ts";
export type { JobView } from "./job_reader.ts";
export { actOnMatching, countMatching, type Selection } from "./matching.ts";
export type { QueueOverview } from "./queue_overview.ts";
export { type Difference, recount, type RecountReport } from "./recount.ts";
export type { QueueLimits } from "./queue_settings.ts";
export { type Rate, rateLimited, RateLimits } from "./rate_limits.ts";
export { type Schedule, Scheduler } from "./scheduler.ts";
export type { UniqueScope } from "./unique.ts";
export { WorkerPool, type WorkerPoolOptions } from "./worker_pool.ts";
export type { WaitingReason } from "./waiting.ts";
export { AppError, type ErrorCode } from "../errors.ts";
export { createLogger, type Logger, silentLogger } from "../log.ts";
export { lockDataDir } from "../kv/data_lock.ts";
export { Database } from "../kv/database.ts";
export { WriteSet } from "../kv/write_set.ts";
export { FakeClock, systemClock } from "../clock.ts";
