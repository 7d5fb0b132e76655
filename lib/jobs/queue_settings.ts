import type { Clock } from "../clock.ts";
import { AppError, notFound } from "../errors.ts";
import type { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import { isQueueName } from "./job_id.ts";
import { limitsKey, pauseKey } from "./keys.ts";

/** Who paused a queue, and since when. */
export interface Pause {
  by: string;
  at: number;
}

/** What an operator may set of a queue while it runs; kept across restarts. */
export interface QueueLimits {
  /** Jobs that run at the same time; the configuration's when absent. */
  concurrency?: number;
  /** Jobs started a second at most; no limit when absent. */
  ratePerSecond?: number;
}

export const MAX_CONCURRENCY = 10_000;
export const MAX_RATE = 1_000_000;

/** Throws a RangeError for a queue whose name or concurrency cannot work. */
export function checkQueues(queues: Record<string, number>): void {
  for (const [queue, concurrency] of Object.entries(queues)) {
    if (!isQueueName(queue)) {
      throw new RangeError(`queue "${queue}": use lower-case letters, digits and _`);
    }
    if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
      throw new RangeError(`queue ${queue}: its concurrency is a whole number from 1`);
    }
  }
}

/** The durable settings of queues. */
export class QueueSettings {
  readonly #pauses = new Map<string, Pause>();
  readonly #limits = new Map<string, QueueLimits>();

  constructor(
    readonly db: Database,
    readonly clock: Clock,
    readonly queues: readonly string[],
  ) {}

  async load(): Promise<void> {
    for (const queue of this.queues) {
      const [pause, limits] = await this.db.kv.getMany<[Pause, QueueLimits]>([
        pauseKey(queue),
        limitsKey(queue),
      ]);
      if (pause.value) this.#pauses.set(queue, pause.value);
      else this.#pauses.delete(queue);
      if (limits.value) this.#limits.set(queue, limits.value);
      else this.#limits.delete(queue);
    }
  }

  pauseOf(queue: string): Pause | null {
    return this.#pauses.get(queue) ?? null;
  }

  limitsOf(queue: string): QueueLimits {
    return this.#limits.get(queue) ?? {};
  }

  /** Records a pause, or keeps the one that is there. */
  async pause(queue: string, by: string): Promise<Pause> {
    this.require(queue);
    const pause = this.pauseOf(queue) ?? { by, at: this.clock.now() };
    await this.db.commit(new WriteSet().set(pauseKey(queue), pause));
    this.#pauses.set(queue, pause);
    return pause;
  }

  async resume(queue: string): Promise<void> {
    this.require(queue);
    await this.db.commit(new WriteSet().delete(pauseKey(queue)));
    this.#pauses.delete(queue);
  }

  /** Replaces a queue's limits. Throws AppError `invalid` for numbers that cannot work. */
  async limit(queue: string, limits: QueueLimits): Promise<void> {
    this.require(queue);
    const { concurrency, ratePerSecond } = limits;
    const fits = (value: number | undefined, most: number) =>
      value === undefined || (value > 0 && value <= most);
    if (!fits(concurrency, MAX_CONCURRENCY) || (concurrency ?? 1) % 1 !== 0) {
      throw new AppError("invalid", `concurrency is a whole number from 1 to ${MAX_CONCURRENCY}`);
    }
    if (!fits(ratePerSecond, MAX_RATE)) {
      throw new AppError("invalid", `a rate is above 0 and at most ${MAX_RATE} a second`);
    }
    const stored: QueueLimits = {};
    if (concurrency !== undefined) stored.concurrency = concurrency;
    if (ratePerSecond !== undefined) stored.ratePerSecond = ratePerSecond;
    await this.db.commit(new WriteSet().set(limitsKey(queue), stored));
    this.#limits.set(queue, stored);
  }

  /** Throws AppError `not_found` for a queue that does not exist. */
  require(queue: string): void {
    if (!this.queues.includes(queue)) throw notFound(`there is no queue named ${queue}`);
  }
}
