import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import { type JobDefinition, snooze } from "./definition.ts";
import { rateKey } from "./keys.ts";
import type { PutOff } from "./waiting.ts";

/** So many a second on average, and `burst` at once after a quiet time (1 when absent). */
export interface Rate {
  ratePerSecond: number;
  burst?: number;
}

const MAX_TRIES = 50;

/**
 * Rate limits by key that hold over restarts and processes: token buckets in the database, each kept
 * as the one instant at which it would be full again (GCRA, as in ITU-T I.371). A token that is not
 * there yet is reserved: whoever asks is told when it is theirs, so that nobody asks twice.
 */
export class RateLimits {
  /** The last reservation of each key under way here: those of one key do not collide. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(readonly options: { db: Database; clock: Clock }) {}

  /** Takes the next token of `key`: the instant from which it may be used, milliseconds UTC. */
  reserve(key: string, rate: Rate): Promise<number> {
    const before = this.#turns.get(key) ?? Promise.resolve();
    const turn = before.catch(() => {}).then(() => this.#reserve(key, rate));
    this.#turns.set(key, turn);
    return turn.finally(() => {
      if (this.#turns.get(key) === turn) this.#turns.delete(key);
    });
  }

  async #reserve(key: string, rate: Rate): Promise<number> {
    const { db, clock } = this.options;
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const entry = await db.kv.get<number>(rateKey(key));
      const { at, next } = nextToken(entry.value ?? 0, rate, clock.now());
      const tx = new WriteSet().check(entry.key, entry.versionstamp).set(entry.key, next);
      if (await db.commit(tx)) return at;
    }
    throw new AppError("unavailable", `the rate limit of ${key} is contended; try again`, {
      retryAfterSeconds: 1,
    });
  }
}

/** The instant of the next token, and what is stored once it is taken. Pure. */
export function nextToken(
  stored: number,
  { ratePerSecond, burst = 1 }: Rate,
  now: number,
): { at: number; next: number } {
  const interval = 1_000 / ratePerSecond;
  const free = Math.max(stored, now - (burst - 1) * interval);
  return { at: Math.max(now, free), next: free + interval };
}

/**
 * A kind whose attempts each take a token of their key, and wait for it without spending an attempt
 * or a place in the queue. Throws a RangeError for a rate that cannot be kept.
 */
export function rateLimited<P>(
  definition: JobDefinition<P>,
  options: Rate & { limits: RateLimits; key: (payload: P) => string },
): JobDefinition<P> {
  const { limits, key, ...rate } = options;
  if (!(rate.ratePerSecond > 0) || !((rate.burst ?? 1) >= 1)) {
    throw new RangeError(`${definition.kind}: a rate is above 0, a burst at least 1`);
  }
  const because: PutOff = {
    reason: "rate_limited",
    detail: `tasks of its key start at most ${rate.ratePerSecond} a second`,
  };
  return {
    ...definition,
    async perform(job) {
      const name = key(job.payload);
      const at = await job.once(`rate ${job.attempt}`, () => limits.reserve(name, rate));
      const wait = at - limits.options.clock.now();
      return wait > 0 ? snooze(wait, because) : await definition.perform(job);
    },
  };
}
