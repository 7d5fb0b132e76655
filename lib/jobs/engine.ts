import type { Clock } from "../clock.ts";
import { AppError, notFound } from "../errors.ts";
import type { Database } from "../kv/database.ts";
import type { WriteSet } from "../kv/write_set.ts";
import type { Logger } from "../log.ts";
import { cancelWaiting } from "./cancel.ts";
import { type ChangeDeps, discardJob, hastenJob, releaseJob, reviveJob } from "./change.ts";
import type { AnyDefinition, JobKind } from "./definition.ts";
import { Definitions } from "./definitions.ts";
import { type EnqueueOptions, type PrepareOptions, uniqueOf } from "./enqueue_options.ts";
import { Enqueuer } from "./enqueuer.ts";
import { EndWaiters } from "./end_waiters.ts";
import { EventHub } from "./events.ts";
import { FairOrder } from "./fair_order.ts";
import { parseJobId } from "./job_id.ts";
import type { Job } from "./job.ts";
import type { JobFilter, JobPage } from "./job_list.ts";
import { JobReader, type JobView } from "./job_reader.ts";
import { checkLease } from "./lease.ts";
import { Levels } from "./levels.ts";
import type { QueueOverview } from "./queue_overview.ts";
import { checkQueues, type Pause, type QueueLimits, QueueSettings } from "./queue_settings.ts";
import { QueueStats } from "./queue_stats.ts";
import { Serving } from "./serving.ts";
import type { Recovery } from "./session.ts";
import { type Retention, sweepJobs } from "./retention.ts";
import type { ReadyJob } from "./ready_set.ts";
import type { WaitingReason } from "./waiting.ts";

export interface JobEngineOptions {
  db: Database;
  clock: Clock;
  log: Logger;
  /** Every queue with how many of its jobs may run at the same time. */
  queues: Record<string, number>;
  /** Names the worker in records and events. */
  worker: string;
  /** Set where several processes share the database: how long a silent worker keeps its queues. */
  leaseMs?: number;
  /** With `leaseMs`: the queues that this process may serve; all when absent. */
  serve?: readonly string[];
  /** Another worker has taken this one's queues; it does nothing any more until it is started anew. */
  onLost?: () => void;
  /** False where KV has no queues to carry doorbells; polling does without. */
  doorbells?: boolean;
}

const POLL_MS = 200;
const MAX_TRIES = 20;

/**
 * The job engine: durable jobs on Deno KV, performed by this process. Enqueue with `enqueue`, or
 * with `prepare` inside an atomic of your own; `start` begins to work, `stop` ends in good order.
 */
export class JobEngine {
  readonly events: EventHub;
  readonly #definitions = new Definitions();
  readonly #stats = new Map<string, QueueStats>();
  readonly #levels: Levels;
  readonly #settings: QueueSettings;
  readonly #waiters: EndWaiters;
  readonly #arrivals = new Set<() => void>();
  readonly #changes: ChangeDeps;
  readonly #reader: JobReader;
  readonly #serving: Serving;
  readonly #enqueuer: Enqueuer;

  /** Throws a RangeError for queues or a lease that cannot work. */
  constructor(readonly options: JobEngineOptions) {
    checkQueues(options.queues);
    checkLease(options.leaseMs);
    const { db, clock, log, queues, onLost = () => {} } = options;
    this.events = new EventHub((error) => log.error("a listener of events failed", { error }));
    const fair = new FairOrder();
    for (const queue of this.queueNames) this.#stats.set(queue, new QueueStats());
    const levels = this.#levels = new Levels(db);
    const settings = this.#settings = new QueueSettings(db, clock, this.queueNames);
    this.#waiters = new EndWaiters(clock, options.leaseMs === undefined ? undefined : POLL_MS);
    const common = { definitions: this.#definitions, levels, settings, stats: this.#stats };
    const serving = this.#serving = new Serving({
      ...options,
      ...common,
      fair,
      events: this.events,
      onEnded: (id) => this.#waiters.wake(id),
      onLost,
    });
    const arrived = (job: ReadyJob) => this.#arrived(job);
    this.#changes = { db, definitions: this.#definitions, arrived };
    this.#enqueuer = new Enqueuer({
      db,
      clock,
      queues,
      doorbells: options.doorbells,
      fair,
      levels,
      serving,
      arrived,
      isRunning: (id) => this.isRunning(id),
      cancel: (id, reason) => this.cancel(id, reason),
    });
    this.#reader = new JobReader({
      ...common,
      db,
      clock,
      worker: options.worker,
      runners: serving.runners,
    });
  }

  get queueNames(): string[] {
    return Object.keys(this.options.queues);
  }

  get worker(): string {
    return this.options.worker;
  }

  /** True from `start` until `stop`, or until another worker took over. */
  get working(): boolean {
    return this.#serving.working;
  }

  /** Adds what this process can perform. A kind that is registered twice is a mistake and throws. */
  register(...definitions: AnyDefinition[]): this {
    for (const definition of definitions) {
      if (this.#definitions.has(definition.kind)) {
        throw new RangeError(`two handlers for tasks named ${definition.kind}`);
      }
      this.#definitions.set(definition.kind, definition);
    }
    return this;
  }

  /** Whether a handler of exactly this kind is registered. */
  performs(kind: string): boolean {
    return this.#definitions.has(kind);
  }

  /**
   * Begins to work. Alone on its database it takes over at once whatever an earlier process left;
   * with `leaseMs` it takes the queues that are free, and later those whose worker falls silent, and
   * may be started again once it was stopped or has lost them.
   */
  start(): Promise<Recovery> {
    return this.#serving.start();
  }

  /**
   * For a process that only enqueues: learns what is stored, and where several processes share the
   * database keeps learning what they do, until `stop`.
   */
  follow(): Promise<void> {
    return this.#serving.follow();
  }

  /** Learns what is stored now of levels, settings and turns. */
  load(): Promise<void> {
    return this.#serving.load();
  }

  /**
   * Stops claiming, waits up to `graceMs` for what runs, releases the rest and ends the session.
   * Interrupted jobs have not spent an attempt and run again after the next start. Whoever waits for
   * a job to end waits no longer.
   */
  async stop(graceMs = 20_000): Promise<void> {
    await this.#serving.stop(graceMs);
    this.#waiters.wakeAll();
  }

  /** As `stop`, but only until the next `start`: whoever waits for a job goes on waiting. */
  rest(graceMs = 20_000): Promise<void> {
    return this.#serving.stop(graceMs);
  }

  /** Resolves when the doorbell listener has ended, which it does once the database is closed. */
  closed(): Promise<void> {
    return this.#serving.closed();
  }

  /**
   * Adds a new job to somebody's atomic and returns its id. The job exists when that is committed,
   * and not otherwise. Throws an AppError `invalid` or `too_large` for a payload or options that do
   * not fit, and for a unique key, which must be looked up first: `enqueue` and `prepareUnique` do.
   */
  prepare<P>(
    tx: WriteSet,
    definition: JobKind<P>,
    payload: P,
    options: PrepareOptions = {},
  ): string {
    if (uniqueOf(options) !== null) {
      throw new AppError("invalid", "a unique key needs enqueue or prepareUnique");
    }
    return this.#enqueuer.prepare(tx, definition, payload, options);
  }

  /**
   * As `prepare`, minding the unique key: where another job holds it, nothing is added and that
   * job's id is the answer.
   */
  prepareUnique<P>(
    tx: WriteSet,
    definition: JobKind<P>,
    payload: P,
    options: EnqueueOptions,
  ): Promise<string> {
    return this.#enqueuer.prepareUnique(tx, definition, payload, options);
  }

  /**
   * Enqueues one job, durable when the promise resolves. With a unique key that another job holds,
   * nothing is queued and that job's id is the answer, unless the new one is to replace it.
   */
  enqueue<P>(
    definition: JobKind<P>,
    payload: P,
    options: EnqueueOptions = {},
  ): Promise<string> {
    return this.#enqueuer.enqueue(definition, payload, options);
  }

  /** A job with its present state, or null when it is unknown or no longer kept. */
  get(id: string): Promise<JobView | null> {
    return this.#reader.get(id);
  }

  /** True while this process performs the job. */
  isRunning(id: string): boolean {
    return this.#reader.attempt(id) !== undefined;
  }

  /** One page of jobs, newest first. */
  list(filter: JobFilter): Promise<JobPage> {
    return this.#reader.list(filter);
  }

  /** The running jobs, longest running first. */
  active(queue?: string): JobView[] {
    return this.#reader.active(queue);
  }

  /** Why an unfinished job is not running; empty for running and ended ones. */
  waitingBecause(id: string): Promise<WaitingReason[]> {
    return this.#reader.waitingBecause(id, this.working);
  }

  /**
   * Cancels a queued, waiting or running job. Throws AppError `not_found` for an unknown id and
   * `conflict` when it has already ended.
   */
  async cancel(id: string, reason: string): Promise<void> {
    const address = parseJobId(id);
    if (!address) throw notFound(`there is no task ${id}`);
    const runner = this.#serving.runners.get(address.queue);
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      await runner?.claiming(id);
      const running = runner?.running.get(id);
      if (running && await running.cancel(reason)) return;
      // Too late for that attempt; the next must not begin before this is done.
      if (running) runner!.backlog.block(id);
      try {
        await running?.ended;
        const job = await cancelWaiting(this.options, this.#definitions, runner, id, reason);
        if (!job) continue;
        this.#waiters.wake(id);
        this.#tellCancelled(job);
        return;
      } finally {
        if (running) runner!.backlog.unblock(id, false);
      }
    }
    throw new AppError("unavailable", "the task is changing too fast to be cancelled; try again", {
      retryAfterSeconds: 1,
    });
  }

  /** Puts a failed or cancelled job back; see `reviveJob`. */
  retry(id: string): Promise<void> {
    return reviveJob(this.#changes, id);
  }

  /** Lets a retrying or scheduled job run now; see `hastenJob`. */
  hasten(id: string): Promise<void> {
    return hastenJob(this.#changes, id);
  }

  /** Deletes an ended job for good; see `discardJob`. */
  discard(id: string): Promise<void> {
    return discardJob(this.options.db, id);
  }

  /**
   * Releases a held job within somebody's atomic: it may run once that is committed. Nothing
   * happens when it has ended or was released before.
   */
  release(tx: WriteSet, id: string): Promise<void> {
    return releaseJob(this.#changes, tx, id);
  }

  /** Every queue with what waits, runs and how fast it goes. Costs by queues, not by jobs. */
  queues(): Promise<QueueOverview[]> {
    return Promise.all(this.queueNames.map((queue) => this.#reader.overview(queue)));
  }

  /** Calls `listener` for every job that this process queues to run at once; returns the way out. */
  onArrival(listener: () => void): () => void {
    this.#arrivals.add(listener);
    return () => this.#arrivals.delete(listener);
  }

  /** Whether any queue that is not paused holds a job that could run now, whoever serves it. */
  isDue(): Promise<boolean> {
    return this.#serving.isDue();
  }

  /** Whether all that this process serves has come to rest, and nothing waits that nobody serves. */
  isIdle(): Promise<boolean> {
    return this.#serving.isIdle();
  }

  /** Stops starting jobs of a queue until `resume`, also across restarts. */
  async pause(queue: string, by: string): Promise<Pause> {
    const pause = await this.#settings.pause(queue, by);
    const runner = this.#serving.runners.get(queue);
    if (runner) runner.paused = true;
    this.events.emit({ type: "queue.paused", at: pause.at, queue, by });
    return pause;
  }

  async resume(queue: string, by: string): Promise<void> {
    await this.#settings.resume(queue);
    const runner = this.#serving.runners.get(queue);
    if (runner) runner.paused = false;
    this.events.emit({ type: "queue.resumed", at: this.options.clock.now(), queue, by });
  }

  /** Sets a queue's concurrency and rate, also across restarts; absent = as configured, no limit. */
  async limit(queue: string, limits: QueueLimits): Promise<void> {
    await this.#settings.limit(queue, limits);
    this.#serving.applyLimits(queue);
  }

  /** Deletes ended jobs that have been kept long enough; see `sweepJobs`. */
  sweep(
    retention: Retention,
    options: { limit: number; signal?: AbortSignal; progress?: (deleted: number) => void },
  ): Promise<number> {
    const { db, clock } = this.options;
    return sweepJobs(db, this.#levels.all, retention, clock.now(), options);
  }

  /** Resolves true once the job has ended, false after `waitMs` or when the signal aborts. */
  whenEnded(id: string, waitMs: number, signal?: AbortSignal): Promise<boolean> {
    return this.#waiters.wait(id, () => this.#reader.hasEnded(id), waitMs, signal);
  }

  #arrived(job: ReadyJob): void {
    const { id, address, record } = job;
    this.#serving.runners.get(address.queue)?.backlog.arrived(job);
    if (record.state === "available") { for (const tell of this.#arrivals) tell(); }
    if (!this.events.active) return;
    this.events.emit({
      type: "job.queued",
      at: this.options.clock.now(),
      id,
      kind: record.kind,
      queue: address.queue,
      priority: address.priority,
      state: record.state,
      attempt: record.attempt + 1,
    });
  }

  #tellCancelled({ id, kind, queue, priority, attempt, batchId }: Job): void {
    if (!this.events.active) return;
    const what = { id, kind, queue, priority, attempt, ...(batchId ? { batchId } : {}) };
    const at = this.options.clock.now();
    this.events.emit({ type: "job.cancelled", at, state: "cancelled", ...what });
  }
}
