import { type Clock, MAX_TIMER_MS } from "../clock.ts";
import type { Database } from "../kv/database.ts";
import { type DueJob, readTimers, TIMER_START } from "./shard_reader.ts";

const DUE_LIMIT = 500;

/** The jobs of a queue that wait for a time: how far those that are due have been read. */
export class DueTimers {
  #cursor = TIMER_START;
  #due = true;
  #nextAt = Infinity;
  #cancel: (() => void) | null = null;
  #stopped = false;

  /** `onDue` is called when the next of them is due. */
  constructor(
    readonly options: { queue: string; shard: number; db: Database; clock: Clock },
    readonly onDue: () => void,
  ) {}

  /** Some may be due that have not been read. */
  get due(): boolean {
    return this.#due;
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  /** Begins at the first of them again. */
  readAgain(): void {
    this.#cursor = TIMER_START;
    this.#due = true;
  }

  /** Somebody set the clock: when the next is due is not known any more. */
  clockSet(): void {
    this.#nextAt = Infinity;
  }

  /** The next few that are due. */
  async read(): Promise<DueJob[]> {
    const { queue, shard, db, clock } = this.options;
    const page = await readTimers(db.kv, queue, shard, this.#cursor, clock.now(), DUE_LIMIT);
    this.#cursor = page.cursor;
    this.#due = page.more;
    if (page.nextAt !== null) this.arm(page.nextAt);
    return page.due;
  }

  /** One of them is due at this instant. */
  arm(at: number): void {
    if (at >= this.#nextAt || this.#stopped) return;
    this.#nextAt = at;
    this.#cancel?.();
    const wait = Math.min(at - this.options.clock.now(), MAX_TIMER_MS);
    this.#cancel = this.options.clock.after(wait, () => {
      this.#nextAt = Infinity;
      this.#cancel = null;
      this.#due = true;
      this.onDue();
    });
  }
}
