import type { Clock } from "../clock.ts";
import { AppError, notFound } from "../errors.ts";
import type { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import type { Logger } from "../log.ts";
import { cancelWaiting } from "./cancel.ts";
import { type ChangeDeps, discardJob, hastenJob, releaseJob, reviveJob } from "./change.ts";
import type { AnyDefinition, JobKind } from "./definition.ts";
import { Definitions } from "./definitions.ts";
import { type EnqueueOptions, newRecord, uniqueOf } from "./enqueue.ts";
import { EndWaiters } from "./end_waiters.ts";
import { EventHub, type JobEvent } from "./events.ts";
import { FairOrder } from "./fair_order.ts";
import { formatJobId, parseJobId, SuffixMaker } from "./job_id.ts";
import type { Job } from "./job.ts";
import type { JobFilter, JobPage } from "./job_list.ts";
import { JobReader, type JobView } from "./job_reader.ts";
import { Lease } from "./lease.ts";
import { Levels } from "./levels.ts";
import { QueueRunner } from "./queue_runner.ts";
import type { QueueOverview } from "./queue_overview.ts";
import { type Pause, type QueueLimits, QueueSettings } from "./queue_settings.ts";
import { QueueStats } from "./queue_stats.ts";
import { endSession, type Recovery, type Session, takeOverAll } from "./session.ts";
import { type Retention, sweepJobs } from "./retention.ts";
import type { ReadyJob } from "./ready_set.ts";
import { readTimers, TIMER_START } from "./shard_reader.ts";
import { readDepth, writeJob } from "./store.ts";
import { takeUnique } from "./unique.ts";
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

const SHARD = 0;
const WATCH_MS = 250;
const SHARED_RECHECK_MS = 1_000;
const POLL_MS = 200;
/** A queue's doorbell is sent at most this often; it is a hint, never the job. */
const RING_EVERY_MS = 1_000;
const MAX_TRIES = 20;
/** The clock was set when it moved this much against the time that passed. */
const CLOCK_TOLERANCE_MS = 500;

/**
 * The job engine: durable jobs on Deno KV, performed by this process. Enqueue with `enqueue`, or
 * with `prepare` inside an atomic of your own; `start` begins to work, `stop` ends in good order.
 */
export class JobEngine {
  readonly events = new EventHub();
  readonly #definitions = new Definitions();
  readonly #runners = new Map<string, QueueRunner>();
  readonly #stats = new Map<string, QueueStats>();
  readonly #fair = new FairOrder();
  readonly #suffixes = new SuffixMaker();
  readonly #levels: Levels;
  readonly #settings: QueueSettings;
  readonly #waiters: EndWaiters;
  readonly #changes: ChangeDeps;
  readonly #reader: JobReader;
  readonly #rungAt = new Map<string, number>();
  readonly #arrivals = new Set<() => void>();
  #starts = 0;
  #session: Session | null = null;
  #lease: Lease | null = null;
  #tending: ReturnType<typeof setInterval> | null = null;
  #tendingNow: Promise<void> | null = null;
  #stopping = false;
  #watch: ReturnType<typeof setInterval> | null = null;
  #doorbells: Promise<void> | null = null;
  #claims = 0;
  #clockOffset: number;
  #lost = false;

  constructor(readonly options: JobEngineOptions) {
    const { db, clock } = options;
    this.#levels = new Levels(db);
    this.#settings = new QueueSettings(db, clock, Object.keys(options.queues));
    this.#waiters = new EndWaiters(clock, options.leaseMs === undefined ? undefined : POLL_MS);
    this.#changes = {
      db,
      clock,
      definitions: this.#definitions,
      arrived: (job) => this.#arrived(job),
    };
    this.#clockOffset = options.clock.now() - options.clock.elapsed();
    for (const queue of this.queueNames) this.#stats.set(queue, new QueueStats());
    this.#reader = new JobReader({
      db,
      clock,
      worker: options.worker,
      definitions: this.#definitions,
      runners: this.#runners,
      stats: this.#stats,
      levels: this.#levels,
      settings: this.#settings,
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
    return this.#session !== null && !this.#lost;
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
  async start(): Promise<Recovery> {
    const { db, clock, log, leaseMs } = this.options;
    // What another start left behind is another worker's, to be recovered like anybody's.
    const worker = this.#starts++ === 0 ? this.worker : `${this.worker}-${this.#starts}`;
    this.#runners.clear();
    this.#stopping = this.#lost = false;
    await this.load();
    let recovery: Recovery = { workers: 0, interrupted: 0, deadLetters: 0 };
    const definitions = this.#definitions;
    if (leaseMs === undefined) {
      const now = clock.now();
      const queues = this.queueNames;
      const taken = await takeOverAll({ db, log, worker, queues, now, definitions });
      this.#session = taken.session;
      recovery = taken.recovery;
      await this.#levels.restore(this.#fair);
      for (const queue of queues) this.#serve(queue);
    } else {
      this.#lease = new Lease({ db, clock, log, worker, leaseMs, definitions });
      this.#session = await this.#lease.open();
      await this.#tend();
      this.#tending = setInterval(() => this.#tend(), leaseMs / 3);
    }
    this.#watch = setInterval(() => this.#endOverdue(), WATCH_MS);
    this.#listen();
    return recovery;
  }

  /** Learns what is stored of levels and settings: all that a process needs that only enqueues. */
  async load(): Promise<void> {
    await this.#levels.load();
    await this.#settings.load();
  }

  /** Begins to run a queue that is ours. */
  #serve(queue: string): void {
    const { db, clock, log, queues, leaseMs } = this.options;
    const runner = new QueueRunner({
      queue,
      shard: SHARD,
      db,
      clock,
      log,
      session: this.#session!,
      definitions: this.#definitions,
      fair: this.#fair,
      events: this.events,
      stats: this.#stats.get(queue)!,
      concurrency: queues[queue]!,
      nextClaim: () => this.#claims++,
      onLost: () => this.#onLost(),
      onEnded: (id) => this.#waiters.wake(id),
      recheckMs: leaseMs === undefined ? undefined : SHARED_RECHECK_MS,
      shared: leaseMs !== undefined,
    });
    runner.paused = this.#settings.pauseOf(queue) !== null;
    this.#runners.set(queue, runner);
    this.#applyLimits(queue);
    runner.backlog.start(this.#levels.of(queue));
  }

  /** Keeps the lease, hears what other processes changed, and takes queues that nobody serves. */
  #tend(): Promise<void> {
    return this.#tendingNow ??= this.#tendOnce().finally(() => this.#tendingNow = null);
  }

  async #tendOnce(): Promise<void> {
    if (this.#lost || !this.#lease) return;
    try {
      if (!await this.#lease.renew()) return this.#onLost();
      if (this.#stopping) return;
      await this.load();
      for (const queue of this.options.serve ?? this.queueNames) {
        const runner = this.#runners.get(queue);
        if (runner) {
          runner.paused = this.#settings.pauseOf(queue) !== null;
          runner.backlog.notice(this.#levels.of(queue));
        } else if (await this.#lease.acquire(queue)) {
          await this.#levels.restore(this.#fair);
          this.#serve(queue);
        }
      }
    } catch (error) {
      this.options.log.error("the lease could not be renewed", { error });
    }
  }

  /**
   * Stops claiming, waits up to `graceMs` for what runs, releases the rest and ends the session.
   * Interrupted jobs have not spent an attempt and run again after the next start. Whoever waits for
   * a job to end waits no longer.
   */
  async stop(graceMs = 20_000): Promise<void> {
    await this.rest(graceMs);
    this.#waiters.wakeAll();
  }

  /** As `stop`, but only until the next `start`: whoever waits for a job goes on waiting. */
  async rest(graceMs = 20_000): Promise<void> {
    if (this.#watch) clearInterval(this.#watch);
    this.#watch = null;
    // A queue that is being taken just now is stopped with the others.
    this.#stopping = true;
    if (this.#tendingNow) await this.#tendingNow;
    // The lease is kept until the last of them has ended.
    await Promise.all([...this.#runners.values()].map((runner) => runner.stop(graceMs)));
    if (this.#tending) clearInterval(this.#tending);
    this.#tending = null;
    const session = this.#session;
    this.#session = null;
    if (session && !this.#lost) {
      await this.#lease?.release(this.#runners.keys());
      await endSession(this.options.db, session);
    }
  }

  /** Resolves when the doorbell listener has ended, which it does once the database is closed. */
  async closed(): Promise<void> {
    await this.#doorbells;
  }

  /**
   * Adds a new job to somebody's atomic and returns its id. The job exists when that is committed,
   * and not otherwise. Unique keys need `enqueue`. Throws an AppError for a payload that does not fit.
   */
  prepare<P>(
    tx: WriteSet,
    definition: JobKind<P>,
    payload: P,
    options: EnqueueOptions = {},
  ): string {
    const { clock } = this.options;
    const now = clock.now();
    const record = newRecord(definition, payload, options, now);
    const priority = options.priority ?? definition.priority;
    const { queue } = definition;
    if (!this.#stats.has(queue)) throw new AppError("invalid", `there is no queue named ${queue}`);
    const runner = this.#runners.get(queue);
    const backlogged = runner?.backlog.isBacklogged(priority) ?? false;
    const turn = this.#fair.assign(queue, priority, options.fairKey ?? "", now, backlogged);
    const address = { queue, shard: SHARD, priority, suffix: this.#suffixes.make(turn) };
    const id = formatJobId(address);
    writeJob(tx, address, null, record);
    this.#levels.note(tx, { queue, shard: SHARD, priority });
    if (record.state === "available") this.#ring(tx, queue, runner, now);
    tx.afterCommit(() => this.#arrived({ id, address, record }));
    return id;
  }

  /**
   * As `prepare`, minding the unique key: where another job holds it, nothing is added and that
   * job's id is the answer.
   */
  async prepareUnique<P>(
    tx: WriteSet,
    definition: JobKind<P>,
    payload: P,
    options: EnqueueOptions,
  ): Promise<string> {
    const unique = uniqueOf(options);
    const create = () => this.prepare(tx, definition, payload, options);
    if (!unique) return create();
    const request = { queue: definition.queue, now: this.options.clock.now(), ...unique };
    const { kv } = this.options.db;
    return (await takeUnique(kv, tx, request, create, this.isRunning.bind(this))).id;
  }

  /**
   * Enqueues one job, durable when the promise resolves. With a unique key that another job holds,
   * nothing is queued and that job's id is the answer, unless the new one is to replace it.
   */
  async enqueue<P>(
    definition: JobKind<P>,
    payload: P,
    options: EnqueueOptions = {},
  ): Promise<string> {
    const { db } = this.options;
    const unique = uniqueOf(options);
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const tx = new WriteSet();
      const create = () => this.prepare(tx, definition, payload, options);
      if (!unique) {
        const id = create();
        await db.commit(tx);
        return id;
      }
      const request = { queue: definition.queue, now: this.options.clock.now(), ...unique };
      const { id, taken } = await takeUnique(db.kv, tx, request, create, this.isRunning.bind(this));
      if (taken && (unique.conflict === "skip" || this.isRunning(id))) return id;
      if (taken) await this.cancel(id, "replaced by a newer task").catch(passOver("conflict"));
      else if (await db.commit(tx)) return id;
    }
    throw new AppError("unavailable", "the unique key is contended; try again", {
      retryAfterSeconds: 1,
    });
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
    const runner = this.#runners.get(address.queue);
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      await runner?.claiming(id);
      const running = runner?.running.get(id);
      if (running) {
        if (await running.cancel(reason)) return;
        await running.ended;
        continue;
      }
      const job = await cancelWaiting(this.options, this.#definitions, runner, id, reason);
      if (job) {
        this.#waiters.wake(id);
        this.#tellCancelled(job);
        return;
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
  async isDue(): Promise<boolean> {
    await this.#settings.load();
    const found = await Promise.all(
      this.queueNames.map((queue) => this.#settings.pauseOf(queue) ? false : this.#hasDue(queue)),
    );
    return found.includes(true);
  }

  /** Whether all that this process serves has come to rest, and nothing waits that nobody serves. */
  async isIdle(): Promise<boolean> {
    const open = this.queueNames.filter((queue) => this.#settings.pauseOf(queue) === null);
    const busy = await Promise.all(open.map((queue) => {
      const runner = this.#runners.get(queue);
      return runner ? !runner.idle : this.#hasDue(queue);
    }));
    return !busy.includes(true);
  }

  async #hasDue(queue: string): Promise<boolean> {
    const { db, clock } = this.options;
    const { available = {} } = await readDepth(db.kv, queue);
    if (Object.values(available).some((count) => count > 0)) return true;
    const timers = await readTimers(db.kv, queue, SHARD, TIMER_START, clock.now(), 1);
    return timers.due.length > 0;
  }

  /** Stops starting jobs of a queue until `resume`, also across restarts. */
  async pause(queue: string, by: string): Promise<Pause> {
    const pause = await this.#settings.pause(queue, by);
    const runner = this.#runners.get(queue);
    if (runner) runner.paused = true;
    this.events.emit({ type: "queue.paused", at: pause.at, queue, by });
    return pause;
  }

  async resume(queue: string, by: string): Promise<void> {
    await this.#settings.resume(queue);
    const runner = this.#runners.get(queue);
    if (runner) runner.paused = false;
    this.events.emit({ type: "queue.resumed", at: this.options.clock.now(), queue, by });
  }

  /** Sets a queue's concurrency and rate, also across restarts; absent = as configured, no limit. */
  async limit(queue: string, limits: QueueLimits): Promise<void> {
    await this.#settings.limit(queue, limits);
    this.#applyLimits(queue);
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
    const hasEnded = async () => (await this.get(id))?.finishedAt !== undefined;
    return this.#waiters.wait(id, hasEnded, waitMs, signal);
  }

  #applyLimits(queue: string): void {
    const { concurrency, ratePerSecond } = this.#settings.limitsOf(queue);
    const configured = this.options.queues[queue]!;
    this.#runners.get(queue)?.limit(concurrency ?? configured, ratePerSecond);
  }

  #arrived(job: ReadyJob): void {
    const { id, address, record } = job;
    this.#runners.get(address.queue)?.backlog.arrived(job);
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
    const at = this.options.clock.now();
    const event: JobEvent = {
      type: "job.cancelled",
      at,
      id,
      kind,
      queue,
      priority,
      state: "cancelled",
      attempt,
    };
    if (batchId) event.batchId = batchId;
    this.events.emit(event);
  }

  #ring(tx: WriteSet, queue: string, runner: QueueRunner | undefined, now: number): void {
    if (this.options.doorbells === false) return;
    // A queue served here is woken by the commit itself. A message less is also a risk less: the
    // runtime ends the process when it cannot store that it delivered one, as on a full disk.
    if (runner && !this.#lost) return;
    if (now - (this.#rungAt.get(queue) ?? 0) < RING_EVERY_MS) return;
    this.#rungAt.set(queue, now);
    tx.ring(queue);
  }

  /** Doorbells wake the queue they name; where KV queues are missing, polling does without. */
  #listen(): void {
    if (this.options.doorbells === false) return;
    try {
      this.#doorbells ??= this.options.db.kv.listenQueue((message) => {
        const queue = (message as { doorbell?: unknown } | null)?.doorbell;
        if (typeof queue === "string") this.#runners.get(queue)?.backlog.recheck();
      }).catch(() => {});
    } catch {
      this.#doorbells = null;
    }
  }

  #endOverdue(): void {
    const { clock } = this.options;
    const elapsed = clock.elapsed();
    const offset = clock.now() - elapsed;
    const clockSet = Math.abs(offset - this.#clockOffset) > CLOCK_TOLERANCE_MS;
    if (clockSet) this.#clockOffset = offset;
    for (const runner of this.#runners.values()) {
      if (clockSet) runner.backlog.clockSet();
      for (const attempt of runner.running.values()) {
        if (attempt.deadline <= elapsed) attempt.timeOut();
      }
    }
  }

  #onLost(): void {
    if (this.#lost) return;
    this.#lost = true;
    this.options.log.error("another worker has taken over; this one stops working");
    for (const runner of this.#runners.values()) runner.abandon();
    this.options.onLost?.();
  }
}

/** Lets an AppError of this code pass; anything else is thrown on. */
function passOver(code: AppError["code"]): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof AppError) || error.code !== code) throw error;
  };
}
