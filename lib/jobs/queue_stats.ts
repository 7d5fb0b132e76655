import type { JobState } from "./job.ts";
import { LatencyHistogram } from "./latency.ts";

const WINDOW_SECONDS = 60;

/** What a queue has done lately, kept in memory: throughput of the last minute and latencies. */
export class QueueStats {
  readonly wait = new LatencyHistogram();
  readonly run = new LatencyHistogram();
  readonly #perSecond = new Uint32Array(WINDOW_SECONDS);
  #second = 0;
  /** When an attempt last ended, milliseconds UTC; 0 before the first. */
  lastEndedAt = 0;

  /** An attempt has ended. Times in milliseconds. */
  ended(state: JobState, now: number, waitMs: number, runMs: number): void {
    this.#advance(now);
    this.lastEndedAt = now;
    if (state === "completed" || state === "failed") {
      this.#perSecond[this.#second % WINDOW_SECONDS]!++;
    }
    this.wait.record(waitMs);
    this.run.record(runMs);
  }

  /** Jobs ended a second, over the last minute. */
  throughput(now: number): number {
    this.#advance(now);
    let sum = 0;
    for (const count of this.#perSecond) sum += count;
    return sum / WINDOW_SECONDS;
  }

  #advance(now: number): void {
    const second = Math.floor(now / 1000);
    if (second === this.#second) return;
    // When the clock was set back, the old seconds mean nothing any more.
    const stale = second < this.#second
      ? WINDOW_SECONDS
      : Math.min(WINDOW_SECONDS, second - this.#second);
    for (let i = 0; i < stale; i++) this.#perSecond[(second - i) % WINDOW_SECONDS] = 0;
    this.#second = second;
  }
}
