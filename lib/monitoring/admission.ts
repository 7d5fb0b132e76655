import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { humanBytes } from "./words.ts";
import type { SystemSource } from "./system.ts";

export interface AdmissionOptions {
  clock: Clock;
  log: Logger;
  system: SystemSource;
  /** Tasks that have not ended, over all queues. */
  waiting: () => Promise<number>;
  /** Tasks that may wait at the same time; 0 = no limit. */
  backlogLimit: number;
  /** Bytes of disk below which nothing new is taken; 0 = no limit. */
  diskReserveBytes: number;
  /** Time between two looks at what waits. */
  everyMs?: number;
}

const EVERY_MS = 500;
const RETRY_AFTER_SECONDS = 5;
/** Nothing was refused for so long: that is over. */
const CALM_MS = 10_000;
const TELL_EVERY_MS = 60_000;
/** What work of high priority may go above the limit, so that a flood of other work leaves it room. */
const URGENT_ROOM = 1.1;
/** Tasks of the service's upkeep that may go above that: asked for by hand, so there are few. */
const UPKEEP_ROOM = 1_000;
/** Priorities up to this one are high. */
const HIGH = 1;

/**
 * Refuses new work before memory or disk suffers. The number of waiting tasks is read twice a
 * second by default, and what was admitted since then is counted on top, so the check itself costs
 * nothing.
 */
export class Admission {
  #waiting = 0;
  #admitted = 0;
  /** The refusals under way; null while everything is taken. Times as of `clock.elapsed()`. */
  #spell: { since: number; lastAt: number; toldAt: number; refused: number } | null = null;
  #stop: (() => void) | null = null;

  constructor(readonly options: AdmissionOptions) {}

  /** Begins to watch the backlog. */
  start(): void {
    const watch = async () => {
      const before = this.#admitted;
      this.#waiting = await this.options.waiting().catch(() => this.#waiting);
      this.#admitted -= before;
      this.#tellOfRefusals();
      if (this.#stop) {
        this.#stop = this.options.clock.after(this.options.everyMs ?? EVERY_MS, watch);
      }
    };
    this.#stop = this.options.clock.after(0, watch);
  }

  close(): void {
    this.#stop?.();
    this.#stop = null;
  }

  /**
   * Throws AppError `overloaded` when `count` more tasks would be too many to keep. Those of high
   * priority (0 or 1) find a tenth of the limit on top of it; `"upkeep"`, which is what ends a backlog
   * or is wanted because of it, finds 1,000 more.
   */
  admit(count: number, priority?: number | "upkeep"): void {
    const { backlogLimit, diskReserveBytes, system } = this.options;
    const upkeep = priority === "upkeep";
    const urgent = upkeep || (priority !== undefined && priority <= HIGH);
    const most = Math.ceil(backlogLimit * (urgent ? URGENT_ROOM : 1)) + (upkeep ? UPKEEP_ROOM : 0);
    const waiting = this.#waiting + this.#admitted;
    if (backlogLimit > 0 && waiting + count > most) {
      throw this.#refusal(
        `${waiting} tasks are waiting, and ${backlogLimit} is the limit; try again later`,
        RETRY_AFTER_SECONDS,
      );
    }
    const { diskFreeBytes } = system.latest();
    if (diskReserveBytes > 0 && diskFreeBytes < diskReserveBytes) {
      throw this.#refusal(
        `only ${humanBytes(diskFreeBytes)} of disk are free and ${
          humanBytes(diskReserveBytes)
        } are kept in reserve; free some space`,
        60,
      );
    }
    this.#admitted += count;
  }

  /** Refusals come by the thousand: the log hears of their beginning, once a minute, and their end. */
  #refusal(reason: string, retryAfterSeconds: number): AppError {
    const at = this.options.clock.elapsed();
    if (!this.#spell) {
      this.#spell = { since: at, lastAt: at, toldAt: at, refused: 0 };
      this.options.log.warn("new tasks are refused", { reason });
    }
    this.#spell.lastAt = at;
    this.#spell.refused++;
    return new AppError("overloaded", reason, { retryAfterSeconds });
  }

  #tellOfRefusals(): void {
    if (!this.#spell) return;
    const { since, lastAt, toldAt, refused } = this.#spell;
    const now = this.options.clock.elapsed();
    const told = { refused, seconds: Math.round((lastAt - since) / 1_000) };
    if (now - lastAt >= CALM_MS) {
      this.#spell = null;
      this.options.log.info("new tasks are taken again", told);
    } else if (now - toldAt >= TELL_EVERY_MS) {
      this.#spell.toldAt = now;
      this.options.log.warn("new tasks are still refused", told);
    }
  }
}
