import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import type { JobKind } from "./definition.ts";
import { newRecord } from "./enqueue.ts";
import { type EnqueueOptions, uniqueOf } from "./enqueue_options.ts";
import type { FairOrder } from "./fair_order.ts";
import { formatJobId, SuffixMaker } from "./job_id.ts";
import type { Levels } from "./levels.ts";
import type { ReadyJob } from "./ready_set.ts";
import type { Serving } from "./serving.ts";
import { writeJob } from "./store.ts";
import { takeUnique } from "./unique.ts";

export interface EnqueuerDeps {
  db: Database;
  clock: Clock;
  queues: Record<string, number>;
  doorbells?: boolean;
  fair: FairOrder;
  levels: Levels;
  serving: Serving;
  /** The job is durable. */
  arrived: (job: ReadyJob) => void;
  isRunning: (id: string) => boolean;
  cancel: (id: string, reason: string) => Promise<void>;
}

const SHARD = 0;
const MAX_TRIES = 20;
/** A queue's doorbell is sent at most this often; it is a hint, never the job. */
const RING_EVERY_MS = 1_000;

/** Makes jobs: gives each its turn and its id, and adds it to an atomic. See `JobEngine.prepare`. */
export class Enqueuer {
  readonly #suffixes = new SuffixMaker();
  readonly #rungAt = new Map<string, number>();

  constructor(readonly deps: EnqueuerDeps) {}

  /** Adds a new job to `tx` and returns its id. */
  prepare<P>(tx: WriteSet, definition: JobKind<P>, payload: P, options: EnqueueOptions): string {
    const { clock, queues, serving, fair, levels, arrived } = this.deps;
    const now = clock.now();
    const record = newRecord(definition, payload, options, now);
    const priority = options.priority ?? definition.priority;
    const { queue } = definition;
    if (!Object.hasOwn(queues, queue)) {
      throw new AppError("invalid", `there is no queue named ${queue}`);
    }
    const runner = serving.runners.get(queue);
    const backlogged = runner
      ? runner.backlog.isBacklogged(priority)
      : serving.turns.isBacklogged(queue, priority);
    const turn = fair.assign(queue, priority, options.fairKey ?? "", now, backlogged);
    const address = { queue, shard: SHARD, priority, suffix: this.#suffixes.make(turn) };
    const id = formatJobId(address);
    writeJob(tx, address, null, record);
    levels.note(tx, { queue, shard: SHARD, priority });
    // A queue served here is woken by the commit itself. A message less is also a risk less: the
    // runtime ends the process when it cannot store that it delivered one, as on a full disk.
    const wakes = runner !== undefined && !serving.lost;
    if (record.state === "available" && !wakes) this.#ring(tx, queue, now);
    tx.afterCommit(() => arrived({ id, address, record }));
    return id;
  }

  /** As `prepare`; the id is that of the job which holds the unique key, if there is one. */
  async prepareUnique<P>(
    tx: WriteSet,
    definition: JobKind<P>,
    payload: P,
    options: EnqueueOptions,
  ): Promise<string> {
    const unique = uniqueOf(options);
    const create = () => this.prepare(tx, definition, payload, options);
    if (!unique) return create();
    const { db, clock, isRunning } = this.deps;
    const request = { queue: definition.queue, now: clock.now(), ...unique };
    return (await takeUnique(db.kv, tx, request, create, isRunning)).id;
  }

  /** Enqueues one job in a commit of its own. */
  async enqueue<P>(definition: JobKind<P>, payload: P, options: EnqueueOptions): Promise<string> {
    const { db, clock, serving, isRunning, cancel } = this.deps;
    const unique = uniqueOf(options);
    let replaced: string | undefined;
    let ended: string | undefined;
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const tx = new WriteSet();
      const create = () => this.prepare(tx, definition, payload, options);
      if (!unique) {
        const id = create();
        const due = options.runAt === undefined && options.heldBy === undefined;
        const runner = due && attempt === 0 ? serving.runners.get(definition.queue) : undefined;
        const priority = options.priority ?? definition.priority;
        if (await (runner?.commitAboard(tx, id, priority) ?? db.commit(tx))) return id;
        continue; // the session of this process has ended; others will run it
      }
      const request = { queue: definition.queue, now: clock.now(), replaced, ...unique };
      const { id, taken } = await takeUnique(db.kv, tx, request, create, isRunning);
      // One that has ended holds its key still where that was taken for a period.
      if (taken && (unique.conflict === "skip" || isRunning(id) || id === ended)) return id;
      if (!taken && await db.commit(tx)) return id;
      if (!taken) continue;
      if (await hasStopped(cancel(id, "replaced by a newer task"))) replaced = id;
      else ended = id;
    }
    throw new AppError("unavailable", "the unique key is contended; try again", {
      retryAfterSeconds: 1,
    });
  }

  #ring(tx: WriteSet, queue: string, now: number): void {
    if (this.deps.doorbells === false) return;
    if (now - (this.#rungAt.get(queue) ?? 0) < RING_EVERY_MS) return;
    this.#rungAt.set(queue, now);
    tx.ring(queue);
  }
}

/** Whether a cancellation worked; false when the job had ended before. Other errors are thrown on. */
async function hasStopped(cancelled: Promise<void>): Promise<boolean> {
  try {
    await cancelled;
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code === "conflict") return false;
    throw error;
  }
}
