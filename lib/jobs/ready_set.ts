import type { JobAddress } from "./job_id.ts";
import type { JobRecord } from "./job.ts";

/** A job in memory that may run now. */
export interface ReadyJob {
  id: string;
  address: JobAddress;
  record: JobRecord;
}

/** Every so many picks the longest waiting job goes first, if it has waited `AGED_MS`. */
const AGED_EVERY = 8;
const AGED_MS = 10_000;

/**
 * The jobs of one queue that may run, best first: by priority, then by turn. So that a flood of
 * high priority cannot starve low, one pick in eight goes to whichever level's first job has
 * waited longest, once that is over ten seconds.
 */
export class ReadySet {
  readonly #levels: Line[] = Array.from({ length: 10 }, () => new Line());
  #size = 0;
  #picks = 0;

  get size(): number {
    return this.#size;
  }

  sizeOf(priority: number): number {
    return this.#levels[priority]!.size;
  }

  push(job: ReadyJob): void {
    this.#levels[job.address.priority]!.push(job);
    this.#size++;
  }

  /** The next job to run, taken out; undefined when there is none. */
  pop(now: number): ReadyJob | undefined {
    if (this.#size === 0) return undefined;
    const level = this.#pick(now);
    this.#size--;
    return level.pop();
  }

  /** The most urgent priority present, or 10. */
  bestPriority(): number {
    const best = this.#levels.findIndex((level) => level.size > 0);
    return best < 0 ? 10 : best;
  }

  /** Takes one job out wherever it stands. */
  remove(id: string, priority: number): ReadyJob | undefined {
    const job = this.#levels[priority]!.remove(id);
    if (job) this.#size--;
    return job;
  }

  /** When the longest waiting of the first jobs was queued, or null. */
  oldestQueuedAt(): number | null {
    let oldest: number | null = null;
    for (const level of this.#levels) {
      const at = level.first?.record.queuedAt;
      if (at !== undefined && (oldest === null || at < oldest)) oldest = at;
    }
    return oldest;
  }

  *[Symbol.iterator](): Iterator<ReadyJob> {
    for (const level of this.#levels) yield* level;
  }

  #pick(now: number): Line {
    const best = this.#levels.find((level) => level.size > 0)!;
    if (++this.#picks % AGED_EVERY !== 0) return best;
    let aged = best;
    let since = now - AGED_MS;
    for (const level of this.#levels) {
      const queuedAt = level.first?.record.queuedAt;
      if (queuedAt !== undefined && queuedAt < since) {
        since = queuedAt;
        aged = level;
      }
    }
    return aged;
  }
}

/** Places at the front that may be empty before they are cut off. */
const MAX_GAP = 1_000;

/**
 * Jobs in the order of their suffixes, which is that of their turns. Nearly all arrive in it, so
 * that adding is an append and taking the first moves an index; the others are put in their place.
 */
class Line {
  #jobs: (ReadyJob | undefined)[] = [];
  #front = 0;

  get size(): number {
    return this.#jobs.length - this.#front;
  }

  get first(): ReadyJob | undefined {
    return this.#jobs[this.#front];
  }

  push(job: ReadyJob): void {
    const jobs = this.#jobs;
    const last = jobs.at(-1);
    if (this.size === 0 || last!.address.suffix <= job.address.suffix) jobs.push(job);
    else jobs.splice(this.#placeOf(job.address.suffix), 0, job);
  }

  pop(): ReadyJob | undefined {
    const job = this.#jobs[this.#front];
    if (!job) return undefined;
    this.#jobs[this.#front++] = undefined;
    if (this.size === 0 || this.#front > MAX_GAP) {
      this.#jobs = this.#jobs.slice(this.#front);
      this.#front = 0;
    }
    return job;
  }

  remove(id: string): ReadyJob | undefined {
    const index = this.#jobs.findIndex((job) => job?.id === id);
    return index < 0 ? undefined : this.#jobs.splice(index, 1)[0];
  }

  *[Symbol.iterator](): Iterator<ReadyJob> {
    for (const job of this.#jobs) if (job) yield job;
  }

  /** The first place whose suffix is larger. */
  #placeOf(suffix: string): number {
    let low = this.#front;
    let high = this.#jobs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#jobs[middle]!.address.suffix <= suffix) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
