import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { humanBytes } from "./words.ts";
import type { SystemSource } from "./system.ts";

export interface AdmissionOptions {
  clock: Clock;
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
/** What work of high priority may go above the limit, so that a flood of other work leaves it room. */
const URGENT_ROOM = 1.1;
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
  #stop: (() => void) | null = null;

  constructor(readonly options: AdmissionOptions) {}

  /** Begins to watch the backlog. */
  start(): void {
    const watch = async () => {
      const before = this.#admitted;
      this.#waiting = await this.options.waiting().catch(() => this.#waiting);
      this.#admitted -= before;
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
   * priority (0 or 1) find a tenth of the limit on top of it.
   */
  admit(count: number, priority?: number): void {
    const { backlogLimit, diskReserveBytes, system } = this.options;
    const room = priority !== undefined && priority <= HIGH ? URGENT_ROOM : 1;
    if (
      backlogLimit > 0 &&
      this.#waiting + this.#admitted + count > Math.ceil(backlogLimit * room)
    ) {
      throw new AppError(
        "overloaded",
        `${this.#waiting} tasks are waiting, and ${backlogLimit} is the limit; try again later`,
        { retryAfterSeconds: RETRY_AFTER_SECONDS },
      );
    }
    const { diskFreeBytes } = system.latest();
    if (diskReserveBytes > 0 && diskFreeBytes < diskReserveBytes) {
      throw new AppError(
        "overloaded",
        `only ${humanBytes(diskFreeBytes)} of disk are free and ${
          humanBytes(diskReserveBytes)
        } are kept in reserve; free some space`,
        { retryAfterSeconds: 60 },
      );
    }
    this.#admitted += count;
  }
}
