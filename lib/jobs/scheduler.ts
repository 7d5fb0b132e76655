import type { Clock } from "../clock.ts";
import { notFound } from "../errors.ts";
import type { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import type { Logger } from "../log.ts";
import type { JobEngine } from "./engine.ts";
import { checkTiming, lastTick, nextTick, type Timing, timingText } from "./schedule.ts";

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

/** How a tick came to be fired. */
export type TickKind = "fired" | "backfilled" | "manual" | "skipped";

/** One line of the ledger. */
export interface TickRecord {
  tick: number;
  firedAt: number;
  kind: TickKind;
  by: string;
  /** The job it queued; empty when it was skipped. */
  taskId: string;
  /** Ticks that passed unfired before this one, while nothing ran. */
  missed: number;
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
  paused: { by: string; at: number } | null;
}

const pausedKey = (name: string): Deno.KvKey => ["schedule", "paused", name];
const tickKey = (name: string, tick: number): Deno.KvKey => ["schedule", "tick", name, tick];
const lastKey = (name: string): Deno.KvKey => ["schedule", "last", name];
/** A tick's mark is kept this long; nothing fires a tick that old again. */
const LEDGER_MS = 40 * 86_400_000;
const MAX_SWEEP = 500;
const MAX_CATCH_UP = 1_000;
const MAX_MISSED = 10_000;

/**
 * Fires schedules. Cron ticks are brought by Deno.cron, sub-minute ones by a timer; whoever brings
 * a tick, the ledger lets it through once, in the atomic that enqueues its job.
 */
export class Scheduler {
  readonly #schedules: Map<string, Schedule>;
  readonly #timers = new Map<string, () => void>();
  #stopped = false;

  constructor(
    readonly options: { db: Database; clock: Clock; log: Logger; engine: JobEngine },
    schedules: readonly Schedule[],
  ) {
    for (const { timing } of schedules) checkTiming(timing);
    this.#schedules = new Map(schedules.map((s) => [s.name, s]));
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
    const { db, clock } = this.options;
    const { value: last } = await db.get<TickRecord>(lastKey(schedule.name));
    const due = lastTick(schedule.timing, clock.now());
    if (due === null || (last && last.tick >= due)) return;
    const before = lastTick(schedule.timing, due - 1);
    const onTime = last && (before === null || before <= last.tick);
    if (onTime) await this.#fire(schedule, due, "fired", "schedule", 0);
    else await this.#catchUp(schedule);
  }

  /** Runs a schedule now, whatever its time. Returns the job's id. */
  async runNow(name: string, by: string): Promise<string> {
    const schedule = this.#require(name);
    const id = await this.#fire(schedule, this.options.clock.now(), "manual", by, 0);
    return id ?? await this.runNow(name, by);
  }

  /** Every schedule with its last and next run. */
  async list(): Promise<ScheduleView[]> {
    const { db, clock, engine } = this.options;
    return await Promise.all(this.schedules.map(async ({ name, timing, description }) => {
      const [{ value: last }, { value: paused }] = await db.kv.getMany<
        [TickRecord, ScheduleView["paused"]]
      >([lastKey(name), pausedKey(name)]);
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
    const { db, clock } = this.options;
    await db.commit(new WriteSet().set(pausedKey(name), { by, at: clock.now() }));
  }

  async resume(name: string): Promise<void> {
    this.#require(name);
    await this.options.db.commit(new WriteSet().delete(pausedKey(name)));
  }

  /** The ledger of a schedule, newest first: which ticks were fired, skipped or backfilled, and by whom. */
  async ledger(name: string, limit = 50): Promise<TickRecord[]> {
    this.#require(name);
    const entries = this.options.db.kv.list<TickRecord>({
      start: tickKey(name, 0),
      end: tickKey(name, Infinity),
    }, { reverse: true, limit: Math.min(limit, 500) });
    return await Array.fromAsync(entries, (entry) => entry.value);
  }

  /** Removes ledger lines that nothing can need any more, a bounded number at a time. */
  async sweep(): Promise<number> {
    const { db, clock } = this.options;
    const tx = new WriteSet();
    for (const name of this.#schedules.keys()) {
      const entries = db.kv.list({
        start: tickKey(name, 0),
        end: tickKey(name, clock.now() - LEDGER_MS),
      }, { limit: Math.max(1, MAX_SWEEP - tx.mutations.length) });
      for await (const { key } of entries) tx.delete(key);
    }
    await db.commit(tx);
    return tx.mutations.length;
  }

  /** Ticks that passed while nothing ran are run, each once: the latest, or all; others are counted. */
  async #catchUp(schedule: Schedule): Promise<void> {
    const { db, clock, log } = this.options;
    const last = (await db.kv.get<TickRecord>(lastKey(schedule.name))).value;
    const due = lastTick(schedule.timing, clock.now());
    if (due === null) return;
    if (!last) {
      // A new installation owes nothing; from now on every tick is owed.
      const record = { tick: due, firedAt: 0, kind: "fired", by: "install", taskId: "", missed: 0 };
      await db.commit(new WriteSet().set(lastKey(schedule.name), record));
      return;
    }
    if (last.tick >= due || schedule.catchUp === "none") return;
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
      if (!id) continue;
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
    const last = (await db.kv.get<TickRecord>(lastKey(schedule.name))).value;
    if (kind !== "manual" && last && last.tick >= tick) return null;
    const tx = new WriteSet().check(tickKey(schedule.name, tick), null);
    if (kind !== "manual" && await this.#isHeldBack(schedule, last)) kind = "skipped";
    const taskId = kind === "skipped" ? "" : schedule.enqueue(tx, engine, tick);
    const record: TickRecord = { tick, firedAt: clock.now(), kind, by, taskId, missed };
    tx.set(tickKey(schedule.name, tick), record);
    tx.set(
      lastKey(schedule.name),
      kind === "manual" ? { ...record, tick: last?.tick ?? 0 } : record,
    );
    return (await db.commit(tx)) && taskId ? taskId : null;
  }

  /** Whether a tick is passed over: its schedule is paused, or its last job must end first. */
  async #isHeldBack(schedule: Schedule, last: TickRecord | null): Promise<boolean> {
    const { db, engine } = this.options;
    if ((await db.kv.get(pausedKey(schedule.name))).value !== null) return true;
    if (schedule.overlap !== "skip" || !last?.taskId) return false;
    const job = await engine.get(last.taskId);
    return job !== null && job.finishedAt === undefined;
  }

  #require(name: string): Schedule {
    const schedule = this.#schedules.get(name);
    if (!schedule) throw notFound(`there is no schedule named ${name}`);
    return schedule;
  }
}
