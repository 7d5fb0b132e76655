import type { Clock } from "../clock.ts";
import { AppError, notFound } from "../errors.ts";
import type { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import type { Logger } from "../log.ts";
import type { JobEngine } from "./engine.ts";
import { checkTiming, lastTick, nextTick, type Timing, timingText } from "./schedule.ts";
import { type SchedulePause, type TickKind, TickLedger, type TickRecord } from "./tick_ledger.ts";

/** A schedule only enqueues: at each tick, one job, once, whatever restarts in between. */
export interface Schedule {
  name: string;
  timing: Timing;
  description: string;
  /**
   * What a start owes of the ticks that passed unfired: nothing, the latest (by default), or all of
   * them in their order, up to the newest 1,000.
   */
  catchUp?: "none" | "latest" | "all";
  /** What a tick does while the last one's job has not ended: run beside it (by default), or skip. */
  overlap?: "allow" | "skip";
  /** Adds the tick's job to the atomic that records the tick; returns the job's id. */
  enqueue(tx: WriteSet, engine: JobEngine, tick: number): string;
}

export interface ScheduleView {
  name: string;
  cron: string;
  description: string;
  nextAt: number;
  lastAt: number | null;
  lastStatus: string | null;
  /** Ticks of the last start's downtime that were not run one by one. */
  missed: number;
  paused: SchedulePause | null;
}

const MAX_CATCH_UP = 1_000;
const MAX_MISSED = 10_000;
/** Runs by hand that one millisecond can have. */
const MAX_RUNS = 100;

/**
 * Fires schedules. Cron ticks are brought by Deno.cron, sub-minute ones by a timer; whoever brings
 * a tick, the ledger lets it through once, in the atomic that enqueues its job.
 */
export class Scheduler {
  readonly #schedules: Map<string, Schedule>;
  readonly #timers = new Map<string, () => void>();
  readonly #ledger: TickLedger;
  #stopped = false;

  /** Throws a RangeError for a timing that can never be kept, and for two of one name. */
  constructor(
    readonly options: { db: Database; clock: Clock; log: Logger; engine: JobEngine },
    schedules: readonly Schedule[],
  ) {
    this.#ledger = new TickLedger(options.db);
    this.#schedules = new Map(schedules.map((s) => [s.name, s]));
    if (this.#schedules.size < schedules.length) {
      throw new RangeError("two schedules have the same name");
    }
    for (const { timing } of schedules) checkTiming(timing);
  }

  get schedules(): Schedule[] {
    return [...this.#schedules.values()];
  }

  /** Runs what was missed while nothing ran, once each, and begins to bring ticks by timers. */
  async start(): Promise<void> {
    for (const schedule of this.#schedules.values()) await this.#catchUp(schedule);
    for (const schedule of this.#schedules.values()) this.#arm(schedule);
  }

  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  /**
   * Brings the tick that is due now. Called by Deno.cron as well as by timers: a tick that was
   * fired already, by whomever, is passed over.
   */
  async tick(name: string): Promise<string | null> {
    const schedule = this.#require(name);
    const tick = lastTick(schedule.timing, this.options.clock.now());
    return tick === null ? null : await this.#fire(schedule, tick, "fired", "schedule", 0);
  }

  /**
   * Fires what is due of every schedule, for a process that is woken each minute and keeps no timers.
   * Ticks that passed while nobody was woken are caught up with as at a start.
   */
  async bring(): Promise<void> {
    await Promise.all(this.schedules.map(async (schedule) => {
      try {
        await this.#bring(schedule);
      } catch (error) {
        this.options.log.error("a schedule could not be fired", { schedule: schedule.name, error });
      }
    }));
  }

  async #bring(schedule: Schedule): Promise<void> {
    const { clock } = this.options;
    const last = await this.#ledger.last(schedule.name);
    const due = lastTick(schedule.timing, clock.now());
    if (due === null || isPast(due, last, clock.now())) return;
    const before = lastTick(schedule.timing, due - 1);
    const onTime = last && (before === null || before <= last.tick);
    if (onTime) await this.#fire(schedule, due, "fired", "schedule", 0);
    else await this.#catchUp(schedule);
  }

  /**
   * Runs a schedule now, whatever its time. Returns the job's id. Throws AppError `not_found`, and
   * `unavailable` once the scheduler was stopped.
   */
  async runNow(name: string, by: string): Promise<string> {
    const schedule = this.#require(name);
    // Each millisecond has one line of the ledger; several runs in one take those behind it.
    const now = this.options.clock.now();
    for (let tick = now; tick < now + MAX_RUNS && !this.#stopped; tick++) {
      const id = await this.#fire(schedule, tick, "manual", by, 0);
      if (id !== null) return id;
    }
    throw new AppError("unavailable", `${name} cannot be run now`, { retryAfterSeconds: 1 });
  }

  /** Every schedule with its last and next run. */
  async list(): Promise<ScheduleView[]> {
    const { clock, engine } = this.options;
    const ledger = this.#ledger;
    return await Promise.all(this.schedules.map(async ({ name, timing, description }) => {
      const [last, paused] = await Promise.all([ledger.last(name), ledger.paused(name)]);
      const job = last ? await engine.get(last.taskId) : null;
      return {
        paused,
        name,
        cron: timingText(timing),
        description,
        nextAt: nextTick(timing, clock.now()),
        lastAt: last?.firedAt || null,
        lastStatus: job?.state ??
          (last?.firedAt ? last.kind === "skipped" ? "skipped" : "completed" : null),
        missed: last?.missed ?? 0,
      };
    }));
  }

  /** Holds a schedule's ticks back until `resume`, also across restarts; they are not owed later. */
  async pause(name: string, by: string): Promise<void> {
    this.#require(name);
    await this.#ledger.pause(name, { by, at: this.options.clock.now() });
  }

  async resume(name: string): Promise<void> {
    this.#require(name);
    await this.#ledger.resume(name);
  }

  /** The ledger of a schedule, newest first: which ticks were fired, skipped or backfilled, and by whom. */
  async ledger(name: string, limit = 50): Promise<TickRecord[]> {
    this.#require(name);
    return await this.#ledger.lines(name, Math.min(limit, 500));
  }

  /** Removes ledger lines that nothing can need any more, a bounded number at a time. */
  sweep(): Promise<number> {
    return this.#ledger.sweep(this.#schedules.keys(), this.options.clock.now());
  }

  /** Ticks that passed while nothing ran are run, each once: the latest, or all; others are counted. */
  async #catchUp(schedule: Schedule): Promise<void> {
    const { db, clock, log } = this.options;
    const last = await this.#ledger.last(schedule.name);
    const due = lastTick(schedule.timing, clock.now());
    if (due === null) return;
    if (!last) {
      // A new installation owes nothing; from now on every tick is owed.
      const tx = new WriteSet();
      const never = { firedAt: 0, kind: "fired", by: "install", taskId: "", missed: 0 } as const;
      this.#ledger.setLast(tx, schedule.name, { tick: due, ...never });
      await db.commit(tx);
      return;
    }
    if (isPast(due, last, clock.now()) || schedule.catchUp === "none") return;
    const ticks = [due];
    let missed = 0;
    const most = schedule.catchUp === "all" ? MAX_CATCH_UP : 1;
    for (let t = lastTick(schedule.timing, due - 1); t !== null && t > last.tick;) {
      if (ticks.length < most) ticks.unshift(t);
      else if (++missed === MAX_MISSED) break;
      t = lastTick(schedule.timing, t - 1);
    }
    for (const tick of ticks) {
      const id = await this.#fire(schedule, tick, "backfilled", "start", missed);
      if (id === null) continue;
      log.info("a missed schedule runs now", {
        schedule: schedule.name,
        tick,
        missed,
        task_id: id,
      });
      missed = 0;
    }
  }

  #arm(schedule: Schedule): void {
    if (this.#stopped) return;
    const { clock, log } = this.options;
    const now = clock.now();
    const due = nextTick(schedule.timing, now);
    if (due === Infinity) return;
    // Long waits are cut, so that a clock that was set is noticed within the hour.
    const wait = Math.min(due - now, 3_600_000);
    this.#timers.set(
      schedule.name,
      clock.after(wait, async () => {
        try {
          if (clock.now() >= due) await this.#fire(schedule, due, "fired", "schedule", 0);
        } catch (error) {
          log.error("a schedule could not be fired", { schedule: schedule.name, error });
        }
        this.#arm(schedule);
      }),
    );
  }

  async #fire(
    schedule: Schedule,
    tick: number,
    kind: TickKind,
    by: string,
    missed: number,
  ): Promise<string | null> {
    const { db, clock, engine } = this.options;
    if (this.#stopped) return null;
    const last = await this.#ledger.last(schedule.name);
    if (kind !== "manual" && isPast(tick, last, clock.now())) return null;
    const tx = new WriteSet();
    if (kind !== "manual" && await this.#isHeldBack(schedule, last)) kind = "skipped";
    const taskId = kind === "skipped" ? "" : schedule.enqueue(tx, engine, tick);
    const record: TickRecord = { tick, firedAt: clock.now(), kind, by, taskId, missed };
    this.#ledger.add(tx, schedule.name, record);
    const tickBefore = last?.tick ?? 0; // a run by hand is none of the schedule's ticks
    this.#ledger.setLast(
      tx,
      schedule.name,
      kind === "manual" ? { ...record, tick: tickBefore } : record,
    );
    return (await db.commit(tx)) && kind !== "skipped" ? taskId : null;
  }

  /** Whether a tick is passed over: its schedule is paused, or its last job must end first. */
  async #isHeldBack(schedule: Schedule, last: TickRecord | null): Promise<boolean> {
    if (await this.#ledger.paused(schedule.name)) return true;
    if (schedule.overlap !== "skip" || !last?.taskId) return false;
    const job = await this.options.engine.get(last.taskId);
    return job !== null && job.finishedAt === undefined;
  }

  #require(name: string): Schedule {
    const schedule = this.#schedules.get(name);
    if (!schedule) throw notFound(`there is no schedule named ${name}`);
    return schedule;
  }
}

/**
 * Whether a tick lies behind the last one. A last one that is yet to come was fired by a clock that
 * has been set back since: the ledger says which of the ticks until then were fired.
 */
function isPast(tick: number, last: TickRecord | null, now: number): boolean {
  return last !== null && last.tick >= tick && last.tick <= now;
}
