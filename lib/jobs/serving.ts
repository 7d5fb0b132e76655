import type { Clock } from "../clock.ts";
import type { Database } from "../kv/database.ts";
import type { Logger } from "../log.ts";
import { ClockWatch } from "./clock_watch.ts";
import type { AnyDefinition } from "./definition.ts";
import type { EventHub } from "./events.ts";
import type { FairOrder } from "./fair_order.ts";
import type { Level } from "./job_list.ts";
import { Lease } from "./lease.ts";
import type { Levels } from "./levels.ts";
import { QueueRunner } from "./queue_runner.ts";
import type { QueueSettings } from "./queue_settings.ts";
import type { QueueStats } from "./queue_stats.ts";
import { readTimers, TIMER_START } from "./shard_reader.ts";
import { readDepth } from "./store.ts";
import { ServedTurns } from "./served_turns.ts";
import { endSession, type Recovery, type Session, takeOverAll } from "./session.ts";

export interface ServingOptions {
  db: Database;
  clock: Clock;
  log: Logger;
  worker: string;
  /** Every queue with how many of its jobs may run at the same time, as configured. */
  queues: Record<string, number>;
  leaseMs?: number;
  /** With `leaseMs`: the queues that this process may serve; all when absent. */
  serve?: readonly string[];
  definitions: ReadonlyMap<string, AnyDefinition>;
  fair: FairOrder;
  events: EventHub;
  levels: Levels;
  settings: QueueSettings;
  stats: ReadonlyMap<string, QueueStats>;
  /** A job has reached a final state, durably. */
  onEnded: (id: string) => void;
  /** Another worker has taken the queues. */
  onLost: () => void;
  doorbells?: boolean;
}

const SHARD = 0;
const WATCH_MS = 250;
/** How often it is told and heard how far queues are that others serve. */
const LOOK_MS = 250;
const SHARED_RECHECK_MS = 1_000;

/**
 * The queues that this process serves: its session, a runner for each queue that is ours, and where
 * several processes share the database, the lease that keeps them.
 */
export class Serving {
  readonly runners = new Map<string, QueueRunner>();
  readonly turns: ServedTurns;
  readonly #clockWatch: ClockWatch;
  #session: Session | null = null;
  #lease: Lease | null = null;
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  #tendingTimer: ReturnType<typeof setInterval> | null = null;
  #tending: Promise<void> | null = null;
  #looking: Promise<void> | null = null;
  #stopping = false;
  #starts = 0;
  #doorbells: Promise<void> | null = null;
  #claims = 0;
  #lost = false;

  constructor(readonly options: ServingOptions) {
    const { db, fair } = options;
    this.turns = new ServedTurns(db, fair);
    this.#clockWatch = new ClockWatch(options);
  }

  /** From `start` until `stop`, or until another worker took over. */
  get working(): boolean {
    return this.#session !== null && !this.#lost;
  }

  get lost(): boolean {
    return this.#lost;
  }

  /** Takes the queues: all at once when alone on the database, else those that nobody serves. */
  async start(): Promise<Recovery> {
    const { db, clock, log, leaseMs, definitions, levels, fair } = this.options;
    // What another start left behind is another worker's, to be recovered like anybody's.
    const starts = ++this.#starts;
    const worker = starts === 1 ? this.options.worker : `${this.options.worker}-${starts}`;
    this.#clearTimers();
    this.runners.clear();
    this.#stopping = this.#lost = false;
    await this.load();
    let recovery: Recovery = { workers: 0, interrupted: 0, deadLetters: 0 };
    if (leaseMs === undefined) {
      const now = clock.now();
      const queues = Object.keys(this.options.queues);
      const taken = await takeOverAll({ db, log, worker, queues, now, definitions });
      this.#session = taken.session;
      recovery = taken.recovery;
      await levels.restore(fair);
      for (const queue of queues) this.#serve(queue);
    } else {
      this.#lease = new Lease({ db, clock, log, worker, leaseMs, definitions });
      this.#session = await this.#lease.open();
      await this.#tend();
      this.#keepUp(leaseMs);
    }
    this.#timers.push(setInterval(() => this.#watch(), WATCH_MS));
    this.#listen();
    return recovery;
  }

  /** Serves nothing, but keeps learning what other processes do, until `stop`. */
  async follow(): Promise<void> {
    await this.load();
    const { leaseMs } = this.options;
    if (leaseMs !== undefined) this.#keepUp(leaseMs);
  }

  /** Learns what is stored now: levels, settings, and how far queues are that others serve. */
  async load(): Promise<void> {
    const { levels, settings, leaseMs } = this.options;
    await levels.load();
    await settings.load();
    if (leaseMs !== undefined) await this.#hear();
  }

  /** Ends in good order: see `JobEngine.stop`. */
  async stop(graceMs: number): Promise<void> {
    this.#clearTimers();
    // A queue that is being taken just now is stopped with the others.
    this.#stopping = true;
    const underWay = this.#tending ?? this.#looking;
    if (underWay) await Promise.all([this.#tending, this.#looking]);
    // The lease is kept until the last of them has ended.
    await Promise.all([...this.runners.values()].map((runner) => runner.stop(graceMs)));
    await this.#clockWatch.settled();
    this.#leaveLease();
    if (this.#tending) await this.#tending;
    const session = this.#session;
    this.#session = null;
    if (!session || this.#lost) return;
    await this.#lease?.release(this.runners.keys());
    await endSession(this.options.db, session);
  }

  /** Resolves when the doorbell listener has ended, which it does once the database is closed. */
  async closed(): Promise<void> {
    await this.#doorbells;
  }

  /** Hands a queue's limits, as they are set now, to whoever runs it here. */
  applyLimits(queue: string): void {
    const { settings, queues } = this.options;
    const { concurrency, ratePerSecond } = settings.limitsOf(queue);
    this.runners.get(queue)?.limit(concurrency ?? queues[queue]!, ratePerSecond);
  }

  /** Begins to run a queue that is ours. */
  #serve(queue: string): void {
    const { stats, queues, leaseMs, settings, levels } = this.options;
    const runner = new QueueRunner({
      ...this.options,
      queue,
      shard: SHARD,
      session: this.#session!,
      stats: stats.get(queue)!,
      concurrency: queues[queue]!,
      nextClaim: () => this.#claims++,
      onLost: () => this.#onLost(),
      recheckMs: leaseMs === undefined ? undefined : SHARED_RECHECK_MS,
      shared: leaseMs !== undefined,
    });
    runner.paused = settings.pauseOf(queue) !== null;
    this.runners.set(queue, runner);
    this.applyLimits(queue);
    runner.backlog.start(levels.of(queue));
    this.#clockWatch.shortenWaits(runner);
  }

  /** Whether any queue that is not paused holds a job that could run now, whoever serves it. */
  async isDue(): Promise<boolean> {
    const { settings, queues } = this.options;
    await settings.load();
    const found = await Promise.all(
      Object.keys(queues).map((queue) => settings.pauseOf(queue) ? false : this.#hasDue(queue)),
    );
    return found.includes(true);
  }

  /** Whether all that is served here has come to rest, and nothing waits that nobody serves. */
  async isIdle(): Promise<boolean> {
    const { settings, queues } = this.options;
    const open = Object.keys(queues).filter((queue) => settings.pauseOf(queue) === null);
    const busy = await Promise.all(open.map((queue) => {
      const runner = this.runners.get(queue);
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

  #keepUp(leaseMs: number): void {
    this.#leaveLease();
    this.#tendingTimer = setInterval(() => this.#tend(), leaseMs / 3);
    const look = () => this.#looking ??= this.#look().finally(() => this.#looking = null);
    this.#timers.push(setInterval(look, LOOK_MS));
  }

  #clearTimers(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
  }

  /** Renews the lease no longer. */
  #leaveLease(): void {
    if (this.#tendingTimer) clearInterval(this.#tendingTimer);
    this.#tendingTimer = null;
  }

  /** Keeps the lease, hears what other processes changed, and takes queues that nobody serves. */
  #tend(): Promise<void> {
    return this.#tending ??= this.#tendOnce().finally(() => this.#tending = null);
  }

  async #tendOnce(): Promise<void> {
    const { settings, levels, fair, serve, queues, log } = this.options;
    if (this.#lost) return;
    try {
      if (this.#lease && !await this.#lease.renew()) return this.#onLost();
      if (this.#stopping) return;
      await this.load();
      if (!this.#lease) return;
      for (const queue of serve ?? Object.keys(queues)) {
        const runner = this.runners.get(queue);
        if (runner) {
          runner.paused = settings.pauseOf(queue) !== null;
          this.applyLimits(queue);
          runner.backlog.notice(levels.of(queue));
        } else if (await this.#lease.acquire(queue)) {
          await levels.restore(fair);
          this.#serve(queue);
        }
      }
    } catch (error) {
      log.error("the lease could not be renewed", { error });
    }
  }

  /** Tells how far the queues are that are served here, and hears of the others. */
  async #look(): Promise<void> {
    try {
      if (this.working) await this.turns.tell(this.#levelsServed(true), this.#session!.fence);
      if (!this.#stopping) await this.#hear();
    } catch (error) {
      if (!this.#stopping) this.options.log.error("turns could not be exchanged", { error });
    }
  }

  async #hear(): Promise<void> {
    await this.turns.hear(this.#levelsServed(false));
  }

  #levelsServed(here: boolean): Level[] {
    return this.options.levels.all.filter(({ queue }) => this.runners.has(queue) === here);
  }

  /** Doorbells wake the queue they name; where KV queues are missing, polling does without. */
  #listen(): void {
    if (this.options.doorbells === false) return;
    try {
      this.#doorbells ??= this.options.db.kv.listenQueue((message) => {
        const queue = (message as { doorbell?: unknown } | null)?.doorbell;
        if (typeof queue === "string") this.runners.get(queue)?.backlog.recheck();
      }).catch(() => {});
    } catch {
      this.#doorbells = null;
    }
  }

  /** Ends attempts whose time is up, and notices when somebody set the clock. */
  #watch(): void {
    const elapsed = this.options.clock.elapsed();
    this.#clockWatch.look(this.runners.values());
    for (const runner of this.runners.values()) {
      for (const attempt of runner.running.values()) {
        if (attempt.deadline <= elapsed) attempt.timeOut();
      }
    }
  }

  #onLost(): void {
    if (this.#lost) return;
    this.#lost = true;
    this.options.log.error("another worker has taken over; this one stops working");
    for (const runner of this.runners.values()) runner.abandon();
    this.options.onLost();
  }
}
