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
  readonly #levels: Heap[] = Array.from({ length: 10 }, () => new Heap());
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
    for (const level of this.#levels) yield* level.items;
  }

  #pick(now: number): Heap {
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

/** A binary heap by suffix, which sorts as turns do. */
class Heap {
  readonly items: ReadyJob[] = [];

  get size(): number {
    return this.items.length;
  }

  get first(): ReadyJob | undefined {
    return this.items[0];
  }

  push(job: ReadyJob): void {
    const { items } = this;
    let index = items.length;
    items.push(job);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (items[parent]!.address.suffix <= job.address.suffix) break;
      items[index] = items[parent]!;
      index = parent;
    }
    items[index] = job;
  }

  pop(): ReadyJob | undefined {
    return this.#takeAt(0);
  }

  remove(id: string): ReadyJob | undefined {
    const index = this.items.findIndex((job) => job.id === id);
    return index < 0 ? undefined : this.#takeAt(index);
  }

  #takeAt(index: number): ReadyJob | undefined {
    const { items } = this;
    const taken = items[index];
    const last = items.pop();
    if (!taken || !last || taken === last) return taken;
    // The last item takes the free place, then sinks or rises to where it belongs.
    let hole = index;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= items.length) break;
      const right = items[child + 1];
      if (right && right.address.suffix < items[child]!.address.suffix) child++;
      if (items[child]!.address.suffix >= last.address.suffix) break;
      items[hole] = items[child]!;
      hole = child;
    }
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (items[parent]!.address.suffix <= last.address.suffix) break;
      items[hole] = items[parent]!;
      hole = parent;
    }
    items[hole] = last;
    return taken;
  }
}
