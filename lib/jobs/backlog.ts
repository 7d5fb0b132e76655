import type { Clock } from "../clock.ts";
import type { Database } from "../kv/database.ts";
import type { Logger } from "../log.ts";
import { DueTimers } from "./due_timers.ts";
import type { FairOrder } from "./fair_order.ts";
import { turnOf, turnText } from "./job_id.ts";
import { LevelReading } from "./level_reading.ts";
import type { ReadyJob, ReadySet } from "./ready_set.ts";
import { type LevelPage, readLevel } from "./shard_reader.ts";

/** Jobs of one level kept in memory; the rest stays on disk until there is room. */
const LEVEL_HIGH = 2_000;
const LEVEL_LOW = 500;
/** Beyond this nothing is looked for that others put in front. */
const LEVEL_FULL = 4_000;
const MAX_DUE = 4_000;
/** Even when nobody rings, the store is looked at this often. */
const RECHECK_MS = 5_000;
/** Pause after the database refused something. */
const RETRY_MS = 1_000;

export interface BacklogOptions {
  queue: string;
  shard: number;
  db: Database;
  clock: Clock;
  log: Logger;
  fair: FairOrder;
  /** Other processes write to the queue, too. */
  shared?: boolean;
  /** How often the store is looked at even when nobody rings; often where others write to it. */
  recheckMs?: number;
}

/**
 * Keeps a queue's ready set filled from disk: the levels in the order of turns, and the timers as
 * they fall due. Jobs enqueued by this process arrive directly after their commit, so that a
 * queue that keeps up never reads at all.
 */
export class Backlog {
  readonly #levels = new Map<number, LevelReading>();
  /** Ids of all jobs in memory, waiting or running, so that none gets in twice. */
  readonly #known = new Set<string>();
  /** Jobs that left memory during the read under way: what it saw of them is stale. */
  readonly #gone = new Set<string>();
  /** Jobs being changed from outside: a read must not let them in meanwhile. */
  readonly #blocked = new Set<string>();
  /** Jobs that came during the read under way, which may or may not have seen them. */
  #arrivals = new Map<string, ReadyJob>();
  #reading = false;
  /** A recheck was asked for during the read under way, which may have passed what it is about. */
  #again = false;
  readonly #timers: DueTimers;
  #cancelRecheck: (() => void) | null = null;
  #cancelRetry: (() => void) | null = null;
  #stopped = false;

  constructor(
    readonly options: BacklogOptions,
    readonly ready: ReadySet,
    readonly wake: () => void,
  ) {
    this.#timers = new DueTimers(options, () => this.refill());
  }

  /** Begins to read. `priorities` are those that have ever held a job. */
  start(priorities: Iterable<number>): void {
    for (const priority of priorities) this.#levels.set(priority, new LevelReading(false));
    this.refill();
    this.#scheduleRecheck();
  }

  /** Levels that other processes have begun to use. */
  notice(priorities: Iterable<number>): void {
    for (const priority of priorities) {
      if (!this.#levels.has(priority)) this.#levels.set(priority, new LevelReading(false));
    }
    this.refill();
  }

  stop(): void {
    this.#stopped = true;
    this.#timers.stop();
    this.#cancelRecheck?.();
    this.#cancelRetry?.();
  }

  /** Looks again a little later, after the database refused something. */
  recheckSoon(): void {
    if (this.#stopped) return;
    this.#cancelRetry?.();
    this.#cancelRetry = this.options.clock.after(RETRY_MS, () => {
      this.recheck();
      this.wake();
    });
  }

  /** True when jobs of this priority wait, in memory or on disk. */
  isBacklogged(priority: number): boolean {
    return this.ready.sizeOf(priority) > 0 || this.#levels.get(priority)?.complete === false;
  }

  /** A job is durable and due now or later: takes it in, or leaves it on disk when memory is full. */
  arrived(job: ReadyJob): void {
    if (this.#stopped) return;
    const { state, runAt } = job.record;
    if (state === "available") {
      if (this.#reading) this.#arrivals.set(job.id, job);
      else this.#admitOrLeave(job);
    } else if (runAt === undefined) {
      return; // held until something releases it
    } else if (runAt > this.options.clock.now()) {
      return this.#timers.arm(runAt);
    } else if (this.ready.size < MAX_DUE) {
      this.#admit(job);
    } else {
      this.#timers.readAgain();
    }
    this.wake();
  }

  /** The job has left memory: it ended, waits anew, or was cancelled. */
  forget(id: string): void {
    this.#known.delete(id);
    if (!this.#reading) return;
    this.#gone.add(id);
    this.#arrivals.delete(id);
  }

  /** Whether a job is in memory, waiting or running. */
  holds(id: string): boolean {
    return this.#known.has(id);
  }

  /** Keeps a job that is being changed from outside out of memory until `unblock`. */
  block(id: string): void {
    this.#blocked.add(id);
  }

  /** Ends `block`. A job that was not changed after all is looked for again. */
  unblock(id: string, changed: boolean): void {
    this.#blocked.delete(id);
    if (changed) this.forget(id);
    else this.recheck();
  }

  /** Reads on from disk where the ready set runs low, one read at a time. */
  refill(): void {
    if (this.#stopped || this.#reading) return;
    if (this.#timers.due && this.ready.size < MAX_DUE) {
      this.#read(() => this.#readDue());
      return;
    }
    for (const [priority, level] of this.#levels) {
      if (!level.complete && this.ready.sizeOf(priority) < LEVEL_LOW) {
        this.#read(() => this.#readLevel(priority, level));
      } else if (level.behind !== null) {
        this.#read(() => this.#readBehind(priority, level, level.behind!));
      } else continue;
      return;
    }
  }

  /** Something may have been written unseen: looks at the whole store again, from the beginning. */
  recheck(): void {
    if (this.#reading) {
      this.#again = true;
      return;
    }
    const { shared, clock, fair, queue } = this.options;
    for (const [priority, level] of this.#levels) {
      const size = this.ready.sizeOf(priority);
      if (size < LEVEL_LOW) level.restart();
      else if (shared && size < LEVEL_FULL) {
        level.lookBehind(clock.elapsed(), () => turnText(fair.servedOf(queue, priority)));
      }
    }
    this.#timers.readAgain();
    this.refill();
  }

  /** Somebody set the clock: what is due is another question now. */
  clockSet(): void {
    this.#timers.clockSet();
    this.recheck();
  }

  async #read(read: () => Promise<void>): Promise<void> {
    this.#reading = true;
    let failed = false;
    try {
      await read();
    } catch (error) {
      failed = true;
      if (!this.#stopped) {
        this.options.log.error("a queue could not be read", { queue: this.options.queue, error });
      }
    }
    this.#reading = false;
    this.#gone.clear();
    const arrivals = this.#arrivals;
    this.#arrivals = new Map();
    for (const job of arrivals.values()) this.#admitOrLeave(job);
    if (this.#stopped) return;
    if (this.#again) {
      this.#again = false;
      this.recheck();
    }
    if (failed) this.recheckSoon();
    else this.wake();
  }

  async #readLevel(priority: number, level: LevelReading): Promise<void> {
    const room = LEVEL_HIGH - this.ready.sizeOf(priority);
    const page = await this.#page(priority, level.cursor, room);
    const [first] = page.jobs;
    const { fair, queue } = this.options;
    if (first && level.cursor === "") fair.serve(queue, priority, turnOf(first.address.suffix));
    // Jobs from before a restart: what their keys queue now comes behind them.
    for (const { record: { fairKey }, address } of page.jobs) {
      if (fairKey !== undefined) fair.stored(queue, priority, fairKey, turnOf(address.suffix));
    }
    level.passed(page);
  }

  /** Looks on for jobs that others put before the cursor, up to it. */
  async #readBehind(priority: number, level: LevelReading, from: string): Promise<void> {
    const page = await this.#page(priority, from, LEVEL_LOW);
    level.passedBehind(page, this.ready.sizeOf(priority) >= LEVEL_FULL);
  }

  async #page(priority: number, from: string, limit: number): Promise<LevelPage> {
    const { queue, shard, db } = this.options;
    const page = await readLevel(db.kv, queue, shard, priority, from, limit);
    for (const job of page.jobs) if (!this.#gone.has(job.id)) this.#admit(job);
    return page;
  }

  async #readDue(): Promise<void> {
    for (const job of await this.#timers.read()) if (!this.#gone.has(job.id)) this.#admit(job);
  }

  #admitOrLeave(job: ReadyJob): void {
    const { suffix, priority } = job.address;
    let level = this.#levels.get(priority);
    if (!level) this.#levels.set(priority, level = new LevelReading(true));
    if (suffix <= level.cursor) return this.#admit(job);
    if (level.complete && this.ready.sizeOf(priority) < LEVEL_HIGH) {
      level.cursor = suffix;
      return this.#admit(job);
    }
    level.complete = false;
  }

  #admit(job: ReadyJob): void {
    if (this.#stopped || this.#known.has(job.id) || this.#blocked.has(job.id)) return;
    this.#known.add(job.id);
    this.ready.push(job);
  }

  #scheduleRecheck(): void {
    this.#cancelRecheck = this.options.clock.after(this.options.recheckMs ?? RECHECK_MS, () => {
      this.recheck();
      this.#scheduleRecheck();
    });
  }
}
