import type { Clock } from "../clock.ts";
import { AppError, conflict, notFound } from "../errors.ts";
import type { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import type { Logger } from "../log.ts";
import type { Attempt } from "./attempt.ts";
import { cancelWaiting } from "./cancel.ts";
import type { AnyDefinition, JobKind } from "./definition.ts";
import { type EnqueueOptions, newRecord } from "./enqueue.ts";
import { EventHub } from "./events.ts";
import { FairOrder } from "./fair_order.ts";
import { type Job, type JobRecord, type JobState, PRIORITIES } from "./job.ts";
import { formatJobId, parseJobId, SuffixMaker, turnOf } from "./job_id.ts";
import { type JobFilter, type JobPage, type Level, listDead, listJobs } from "./job_list.ts";
import { allLevelsPrefix, jobKey, levelKey, pauseKey, uniqueKey } from "./keys.ts";
import { QueueRunner } from "./queue_runner.ts";
import { type QueueOverview, queueOverview } from "./queue_overview.ts";
import { QueueStats } from "./queue_stats.ts";
import { endSession, type Recovery, type Session, takeOverAll } from "./session.ts";
import { type Retention, sweepJobs } from "./retention.ts";
import type { ReadyJob } from "./ready_set.ts";
import { lastSuffix } from "./shard_reader.ts";
import { readJob, toJob, writeJob } from "./store.ts";
import { waitingBecause, type WaitingReason } from "./waiting.ts";

/** Who paused a queue, and since when. */
export interface Pause {
  by: string;
  at: number;
}

/** A job as people see it: the stored record and what only the worker knows. */
export interface JobView extends Omit<Job, "state"> {
  state: JobState;
  progress?: { percent: number; message?: string };
  worker?: string;
}

export interface JobEngineOptions {
  db: Database;
  clock: Clock;
  log: Logger;
  /** Every queue with how many of its jobs may run at the same time. */
  queues: Record<string, number>;
  /** Names the worker in records and events. */
  worker: string;
}

const SHARD = 0;
const WATCH_MS = 250;
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
  readonly #definitions = new Map<string, AnyDefinition>();
  readonly #runners = new Map<string, QueueRunner>();
  readonly #stats = new Map<string, QueueStats>();
  readonly #fair = new FairOrder();
  readonly #suffixes = new SuffixMaker();
  readonly #levels = new Map<string, Level>();
  readonly #newLevels = new Map<string, WriteSet>();
  readonly #pauses = new Map<string, Pause>();
  readonly #waiters = new Map<string, Set<() => void>>();
  readonly #rungAt = new Map<string, number>();
  #session: Session | null = null;
  #watch: ReturnType<typeof setInterval> | null = null;
  #doorbells: Promise<void> | null = null;
  #claims = 0;
  #clockOffset: number;
  #lost = false;

  constructor(readonly options: JobEngineOptions) {
    this.#clockOffset = options.clock.now() - options.clock.elapsed();
    for (const queue of this.queueNames) this.#stats.set(queue, new QueueStats());
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

  /** Takes over whatever an earlier process left and begins to work. */
  async start(): Promise<Recovery> {
    const { db, clock, log, queues, worker } = this.options;
    await this.#loadLevels();
    const { session, recovery } = await takeOverAll({
      db,
      log,
      worker,
      queues: this.queueNames,
      now: clock.now(),
      definitions: this.#definitions,
    });
    this.#session = session;
    for (const queue of this.queueNames) {
      const pause = (await db.kv.get<Pause>(pauseKey(queue))).value;
      if (pause) this.#pauses.set(queue, pause);
      const runner = new QueueRunner({
        queue,
        shard: SHARD,
        db,
        clock,
        log,
        session,
        definitions: this.#definitions,
        fair: this.#fair,
        events: this.events,
        stats: this.#stats.get(queue)!,
        concurrency: queues[queue]!,
        nextClaim: () => this.#claims++,
        onLost: () => this.#onLost(),
        onEnded: (id) => this.#wakeWaiters(id),
      });
      runner.paused = pause !== null;
      this.#runners.set(queue, runner);
    }
    await this.#restoreOrder();
    for (const [queue, runner] of this.#runners) {
      runner.backlog.start(PRIORITIES.filter((p) => this.#levels.has(levelName(queue, p))));
    }
    this.#watch = setInterval(() => this.#endOverdue(), WATCH_MS);
    this.#listen();
    return recovery;
  }

  /**
   * Stops claiming, waits up to `graceMs` for what runs, releases the rest and ends the session.
   * Interrupted jobs have not spent an attempt and run again after the next start.
   */
  async stop(graceMs = 20_000): Promise<void> {
    if (this.#watch) clearInterval(this.#watch);
    this.#watch = null;
    await Promise.all([...this.#runners.values()].map((runner) => runner.stop(graceMs)));
    const session = this.#session;
    this.#session = null;
    if (session && !this.#lost) await endSession(this.options.db, session);
    for (const waiters of this.#waiters.values()) for (const wake of waiters) wake();
    this.#waiters.clear();
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
    this.#noteLevel(tx, { queue, shard: SHARD, priority });
    if (record.state === "available") this.#ring(tx, queue, runner, now);
    tx.afterCommit(() => this.#arrived({ id, address, record }));
    return id;
  }

  /**
   * Enqueues one job, durable when the promise resolves. With a unique key that an unfinished job
   * already holds, nothing is queued and that job's id is the answer.
   */
  async enqueue<P>(
    definition: JobKind<P>,
    payload: P,
    options: EnqueueOptions = {},
  ): Promise<string> {
    const { db } = this.options;
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const tx = new WriteSet();
      if (options.uniqueKey === undefined) {
        const id = this.prepare(tx, definition, payload, options);
        await db.commit(tx);
        return id;
      }
      const key = uniqueKey(definition.queue, options.uniqueKey);
      const holder = await db.kv.get<string>(key);
      if (holder.value !== null) {
        const job = await readJob(db.kv, holder.value);
        if (job && job.record.finishedAt === undefined) return holder.value;
      }
      const id = this.prepare(tx, definition, payload, options);
      tx.check(key, holder.versionstamp).set(key, id);
      if (await db.commit(tx)) return id;
    }
    throw new AppError("unavailable", "the unique key is contended; try again", {
      retryAfterSeconds: 1,
    });
  }

  /** A job with its present state, or null when it is unknown or no longer kept. */
  async get(id: string): Promise<JobView | null> {
    const job = await readJob(this.options.db.kv, id);
    return job ? this.#view(toJob(job.address, job.record)) : null;
  }

  /** True while this process performs the job. */
  isRunning(id: string): boolean {
    return this.#attempt(id) !== undefined;
  }

  /** One page of jobs, newest first. */
  async list(filter: JobFilter): Promise<JobPage> {
    const { kv } = this.options.db;
    if (filter.state === "failed") return await listDead(kv, this.queueNames, filter);
    const now = this.options.clock.now();
    return await listJobs(kv, [...this.#levels.values()], filter, (id, record) => {
      if (this.#attempt(id)) return "running";
      return dueState(record, now);
    });
  }

  /** The running jobs, longest running first. */
  active(queue?: string): JobView[] {
    const views: JobView[] = [];
    for (const [name, runner] of this.#runners) {
      if (queue && name !== queue) continue;
      for (const { job } of runner.running.values()) {
        views.push(this.#view(toJob(job.address, job.record)));
      }
    }
    return views.sort((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0) || (a.id < b.id ? -1 : 1));
  }

  /** Why an unfinished job is not running; empty for running and ended ones. */
  async waitingBecause(id: string): Promise<WaitingReason[]> {
    const view = await this.get(id);
    if (!view || view.state === "running" || view.finishedAt !== undefined) return [];
    const runner = this.#runners.get(view.queue);
    const overview = await this.#overview(view.queue);
    const waiting = overview.depth["available"] ?? {};
    let ahead = 0;
    for (const [priority, count] of Object.entries(waiting)) {
      if (Number(priority) < view.priority) ahead += count;
    }
    return waitingBecause(view as Job, {
      now: this.options.clock.now(),
      paused: this.#pauses.get(view.queue) ?? null,
      served: this.working && runner !== undefined,
      running: runner?.busy ?? 0,
      concurrency: runner?.concurrency ?? 0,
      ahead: ahead + (runner?.aheadOf(view.id, view.priority) ?? 0),
      throughputPerSecond: overview.throughputPerSecond,
    });
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
      if (await cancelWaiting(this.options, this.#definitions, runner, id, reason)) {
        this.#wakeWaiters(id);
        this.#tellCancelled(id);
        return;
      }
    }
    throw new AppError("unavailable", "the task is changing too fast to be cancelled; try again", {
      retryAfterSeconds: 1,
    });
  }

  /** Puts a failed or cancelled job back, due at once, with all its attempts. */
  async retry(id: string): Promise<void> {
    const { db, clock } = this.options;
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const stored = await readJob(db.kv, id);
      if (!stored) throw notFound(`there is no task ${id}`);
      const { address, record } = stored;
      if (record.state !== "failed" && record.state !== "cancelled") {
        throw conflict(`task ${id} is ${record.state}; only failed and cancelled ones are retried`);
      }
      const {
        finishedAt: _finishedAt,
        reason: _reason,
        crashes: _crashes,
        result: _result,
        ...rest
      } = record;
      const next: JobRecord = { ...rest, state: "scheduled", runAt: clock.now(), attempt: 0 };
      const tx = new WriteSet();
      tx.check(jobKey(address), stored.versionstamp);
      if (record.uniqueKey !== undefined) {
        await this.#takeUniqueKey(tx, id, address.queue, record.uniqueKey);
      }
      writeJob(tx, address, record, next);
      await this.#definitions.get(record.kind)?.revive?.(tx, toJob(address, next));
      tx.afterCommit(() => this.#arrived({ id, address, record: next }));
      if (await db.commit(tx)) return;
    }
    throw new AppError("unavailable", "the task is changing too fast to be retried; try again", {
      retryAfterSeconds: 1,
    });
  }

  /**
   * Releases a held job within somebody's atomic: it may run once that is committed. Nothing
   * happens when it has ended or was released before.
   */
  async release(tx: WriteSet, id: string): Promise<void> {
    const stored = await readJob(this.options.db.kv, id);
    if (!stored?.record.heldBy || stored.record.finishedAt !== undefined) return;
    const { heldBy: _heldBy, ...rest } = stored.record;
    const next: JobRecord = { ...rest, state: "scheduled", runAt: this.options.clock.now() };
    tx.check(jobKey(stored.address), stored.versionstamp);
    writeJob(tx, stored.address, stored.record, next);
    tx.afterCommit(() => this.#arrived({ id, address: stored.address, record: next }));
  }

  /** Every queue with what waits, runs and how fast it goes. Costs by queues, not by jobs. */
  queues(): Promise<QueueOverview[]> {
    return Promise.all(this.queueNames.map((queue) => this.#overview(queue)));
  }

  /** Stops starting jobs of a queue until `resume`, also across restarts. */
  async pause(queue: string, by: string): Promise<Pause> {
    this.#requireQueue(queue);
    const pause = this.#pauses.get(queue) ?? { by, at: this.options.clock.now() };
    await this.options.db.commit(new WriteSet().set(pauseKey(queue), pause));
    this.#pauses.set(queue, pause);
    const runner = this.#runners.get(queue);
    if (runner) runner.paused = true;
    this.events.emit({ type: "queue.paused", at: pause.at, queue, by });
    return pause;
  }

  async resume(queue: string, by: string): Promise<void> {
    this.#requireQueue(queue);
    await this.options.db.commit(new WriteSet().delete(pauseKey(queue)));
    this.#pauses.delete(queue);
    const runner = this.#runners.get(queue);
    if (runner) runner.paused = false;
    this.events.emit({ type: "queue.resumed", at: this.options.clock.now(), queue, by });
  }

  /** Deletes ended jobs that have been kept long enough; see `sweepJobs`. */
  sweep(
    retention: Retention,
    options: { limit: number; signal?: AbortSignal; progress?: (deleted: number) => void },
  ): Promise<number> {
    const { db, clock } = this.options;
    return sweepJobs(db, [...this.#levels.values()], retention, clock.now(), options);
  }

  /** Resolves true once the job has ended, false after `waitMs` or when the signal aborts. */
  async whenEnded(id: string, waitMs: number, signal?: AbortSignal): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiters = this.#waiters.get(id) ?? new Set();
    waiters.add(resolve);
    this.#waiters.set(id, waiters);
    const cancel = this.options.clock.after(waitMs, resolve);
    signal?.addEventListener("abort", () => resolve(), { once: true });
    try {
      const ended = async () => (await this.get(id))?.finishedAt !== undefined;
      if (await ended()) return true;
      await promise;
      return await ended();
    } finally {
      cancel();
      waiters.delete(resolve);
      if (waiters.size === 0) this.#waiters.delete(id);
    }
  }

  /** A job that comes back holds its unique key again; AppError `conflict` when another does. */
  async #takeUniqueKey(tx: WriteSet, id: string, queue: string, unique: string): Promise<void> {
    const { kv } = this.options.db;
    const key = uniqueKey(queue, unique);
    const holder = await kv.get<string>(key);
    if (holder.value !== null && holder.value !== id) {
      const job = await readJob(kv, holder.value);
      if (job && job.record.finishedAt === undefined) {
        throw conflict(`task ${holder.value} has the same unique key and has not ended`);
      }
    }
    tx.check(key, holder.versionstamp).set(key, id);
  }

  #overview(queue: string): Promise<QueueOverview> {
    return queueOverview(this.options.db.kv, queue, {
      now: this.options.clock.now(),
      pause: this.#pauses.get(queue) ?? null,
      runner: this.#runners.get(queue),
      stats: this.#stats.get(queue)!,
    });
  }

  #attempt(id: string): Attempt | undefined {
    const address = parseJobId(id);
    return address ? this.#runners.get(address.queue)?.running.get(id) : undefined;
  }

  #view(job: Job): JobView {
    const attempt = this.#attempt(job.id);
    if (!attempt) return { ...job, state: dueState(job, this.options.clock.now()) };
    return {
      ...job,
      state: "running",
      startedAt: attempt.startedAt,
      progress: attempt.progress,
      worker: this.worker,
    };
  }

  #arrived(job: ReadyJob): void {
    const { id, address, record } = job;
    this.#runners.get(address.queue)?.backlog.arrived(job);
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

  #tellCancelled(id: string): void {
    if (!this.events.active) return;
    const address = parseJobId(id)!;
    this.events.emit({
      type: "job.cancelled",
      at: this.options.clock.now(),
      id,
      kind: "",
      queue: address.queue,
      priority: address.priority,
      state: "cancelled",
      attempt: 0,
    });
  }

  /** Records that a level is in use, once, with the first job in it that is committed. */
  #noteLevel(tx: WriteSet, level: Level): void {
    const name = levelName(level.queue, level.priority);
    if (this.#levels.has(name) || this.#newLevels.get(name) === tx) return;
    this.#newLevels.set(name, tx);
    tx.set(levelKey(level.queue, level.shard, level.priority), 1);
    tx.afterCommit(() => {
      this.#levels.set(name, level);
      this.#newLevels.delete(name);
    });
  }

  #ring(tx: WriteSet, queue: string, runner: QueueRunner | undefined, now: number): void {
    // A queue served here is woken by the commit itself. A message less is also a risk less: the
    // runtime ends the process when it cannot store that it delivered one, as on a full disk.
    if (runner && !this.#lost) return;
    if (now - (this.#rungAt.get(queue) ?? 0) < RING_EVERY_MS) return;
    this.#rungAt.set(queue, now);
    tx.ring(queue);
  }

  /** Doorbells wake the queue they name; where KV queues are missing, polling does without. */
  #listen(): void {
    try {
      this.#doorbells = this.options.db.kv.listenQueue((message) => {
        const queue = (message as { doorbell?: unknown } | null)?.doorbell;
        if (typeof queue === "string") this.#runners.get(queue)?.backlog.recheck();
      }).catch(() => {});
    } catch {
      this.#doorbells = null;
    }
  }

  async #loadLevels(): Promise<void> {
    for await (const { key } of this.options.db.kv.list({ prefix: allLevelsPrefix })) {
      const [queue, shard, priority] = key.slice(-3) as [string, number, number];
      this.#levels.set(levelName(queue, priority), { queue, shard, priority });
    }
  }

  /** New jobs line up behind those that are stored already. */
  async #restoreOrder(): Promise<void> {
    await Promise.all([...this.#levels.values()].map(async ({ queue, shard, priority }) => {
      const last = await lastSuffix(this.options.db.kv, queue, shard, priority);
      if (last) this.#fair.restore(queue, priority, turnOf(last));
    }));
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
  }

  #wakeWaiters(id: string): void {
    const waiters = this.#waiters.get(id);
    if (waiters) { for (const wake of waiters) wake(); }
  }

  #requireQueue(queue: string): void {
    if (!this.#stats.has(queue)) throw notFound(`there is no queue named ${queue}`);
  }
}

const levelName = (queue: string, priority: number): string => `${queue}/${priority}`;

/** A scheduled or retrying job whose time has come counts as queued. */
function dueState(record: JobRecord, now: number): JobState {
  const due = record.runAt !== undefined && record.runAt <= now && record.finishedAt === undefined;
  return due ? "available" : record.state;
}
