import type { JobAddress } from "./job_id.ts";
import { formatJobId, segmentOf } from "./job_id.ts";

/** The engine's key map. But for the jobs themselves, all it stores lies under `["jobs", …]`. */
const ROOT = "jobs";
/** Jobs are most of what is stored, and each part of a key costs time: they have two. */
const JOB = "job";
/** Sorts behind every suffix. */
const END = "\uffff";

/** The job itself, by its id and so in the order of turns, for its whole life. */
export const jobKey = (id: string): Deno.KvKey => [JOB, id];

export const allJobsPrefix: Deno.KvKey = [JOB];

/** The jobs of one priority level of a shard, from one suffix (inclusive) to another (exclusive). */
export function levelRange(
  level: { queue: string; shard: number; priority: number },
  from = "",
  to = END,
): { start: Deno.KvKey; end: Deno.KvKey } {
  const start = formatJobId({ ...level, suffix: from });
  return { start: jobKey(start), end: jobKey(formatJobId({ ...level, suffix: to })) };
}

/**
 * Counter: jobs of a segment that are available or running. A segment at 0 need not be read. Jobs
 * of one segment follow each other, so the key made last is often the one that is wanted.
 */
export function openKey(a: JobAddress): Deno.KvKey {
  const level = a.priority + 10 * a.shard;
  const last = lastOpenKeys.get(level);
  const segment = segmentOf(a.suffix);
  if (last && last[2] === a.queue && last[5] === segment) return last;
  const key: Deno.KvKey = [ROOT, "open", a.queue, a.shard, a.priority, segment];
  lastOpenKeys.set(level, key);
  return key;
}
const lastOpenKeys = new Map<number, Deno.KvKey>();
export const openPrefix = (queue: string, shard: number, priority: number): Deno.KvKey => [
  ROOT,
  "open",
  queue,
  shard,
  priority,
];
export const allOpenPrefix: Deno.KvKey = [ROOT, "open"];

/** Index of jobs that wait for a time; the entry stays until the job has ended or waits anew. */
export const timerKey = (runAt: number, a: JobAddress): Deno.KvKey => [
  ROOT,
  "t",
  a.queue,
  a.shard,
  runAt,
  a.priority,
  a.suffix,
];
export const allTimersPrefix: Deno.KvKey = [ROOT, "t"];
export const timerPrefix = (queue: string, shard: number): Deno.KvKey => [ROOT, "t", queue, shard];

/** Index of dead letters, newest found last. */
export const deadKey = (queue: string, failedAt: number, id: string): Deno.KvKey => [
  ROOT,
  "dead",
  queue,
  failedAt,
  id,
];
export const allDeadPrefix: Deno.KvKey = [ROOT, "dead"];
export const deadPrefix = (queue: string): Deno.KvKey => [ROOT, "dead", queue];

/** A level that has ever held a job, so that lists need not look at the others. */
export const levelKey = (queue: string, shard: number, priority: number): Deno.KvKey => [
  ROOT,
  "level",
  queue,
  shard,
  priority,
];
export const allLevelsPrefix: Deno.KvKey = [ROOT, "level"];

/** Counter of jobs by queue, state and priority. For ended states it is a total that only grows. */
export function depthKey(queue: string, state: string, priority: number): Deno.KvKey {
  const name = queue + "/" + state + priority;
  let key = depthKeys.get(name);
  if (!key) {
    key = [ROOT, "n", queue, state, priority];
    if (depthKeys.size < MAX_DEPTH_KEYS) depthKeys.set(name, key);
  }
  return key;
}
/** Keys of one counter are one object, so that a commit adds them up without comparing keys. */
const depthKeys = new Map<string, Deno.KvKey>();
const MAX_DEPTH_KEYS = 10_000;
export const allDepthPrefix: Deno.KvKey = [ROOT, "n"];
export const depthPrefix = (queue: string): Deno.KvKey => [ROOT, "n", queue];

/** Up to which turn a level is served, told by its worker to processes that only enqueue. */
export const servedKey = (queue: string, shard: number, priority: number): Deno.KvKey => [
  ROOT,
  "served",
  queue,
  shard,
  priority,
];

/** Jobs a worker may be running; what is left of it after a crash tells who was on board. */
export const allRunsPrefix: Deno.KvKey = [ROOT, "run"];
export const runPrefix = (worker: string): Deno.KvKey => [ROOT, "run", worker];
export const runKey = (worker: string, claim: number): Deno.KvKey => [ROOT, "run", worker, claim];

/** A worker's session; every commit of the worker checks it, and a takeover deletes it. */
export const sessionKey = (worker: string): Deno.KvKey => [ROOT, "session", worker];
export const allSessionsPrefix: Deno.KvKey = [ROOT, "session"];
/** Until when the session is good, renewed by the worker. Apart from it, so that renewing keeps its versionstamp. */
export const heartbeatKey = (worker: string): Deno.KvKey => [ROOT, "heartbeat", worker];
/** Which worker owns a shard. */
export const shardKey = (queue: string, shard: number): Deno.KvKey => [ROOT, "shard", queue, shard];
export const allShardsPrefix: Deno.KvKey = [ROOT, "shard"];

/** A queue's durable settings: paused by whom and since when. */
export const pauseKey = (queue: string): Deno.KvKey => [ROOT, "pause", queue];

export const allUniquePrefix: Deno.KvKey = [ROOT, "unique"];
/** The job that holds a unique key. */
export const uniqueKey = (queue: string, key: string): Deno.KvKey => [ROOT, "unique", queue, key];
/** The job that holds a unique key whose time does not end with the job. */
export const uniqueForKey = (queue: string, key: string): Deno.KvKey => [
  ROOT,
  "unique_for",
  queue,
  key,
];

/** A queue's limits, as set while it ran. */
export const limitsKey = (queue: string): Deno.KvKey => [ROOT, "limits", queue];

/** Results that a job remembers from one attempt to the next. */
export const onceKey = (jobId: string, key: string): Deno.KvKey => [ROOT, "once", jobId, key];
export const oncePrefix = (jobId: string): Deno.KvKey => [ROOT, "once", jobId];

/** A batch of jobs, its counters of ended ones by state, and the job that followed it. */
export const batchKey = (id: string): Deno.KvKey => [ROOT, "batch", id];
export const batchesPrefix: Deno.KvKey = [ROOT, "batch"];
export const batchCountKey = (id: string, state: string): Deno.KvKey => [
  ROOT,
  "batch_count",
  id,
  state,
];
export const batchDoneKey = (id: string): Deno.KvKey => [ROOT, "batch_done", id];

/** Events in the order in which they happened, several a record, by the number of the first. */
export const eventsPrefix: Deno.KvKey = [ROOT, "events"];
export const eventsKey = (first: number): Deno.KvKey => [ROOT, "events", first];
/** The number that the next event gets. */
export const eventHeadKey: Deno.KvKey = [ROOT, "events_head"];

/** What ids of flows begin with, and a flow's steps with their states. */
export const FLOW = "flow:";
export const flowKey = (id: string): Deno.KvKey => [ROOT, "flow", id];
export const flowsPrefix: Deno.KvKey = [ROOT, "flow"];

/** When a rate limit's bucket would be full again. */
export const rateKey = (key: string): Deno.KvKey => [ROOT, "rate", key];
export const ratesPrefix: Deno.KvKey = [ROOT, "rate"];

/** How far the sweep of batches or flows has come. */
export const sweptKey = (what: "batch" | "flow"): Deno.KvKey => [ROOT, "swept", what];
