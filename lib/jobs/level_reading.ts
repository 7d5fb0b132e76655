/** Jobs that others put in front are looked for no more often than this. */
const LOOK_MS = 900;
const LOOKS_TO_WHOLE = 30;

/** How far the jobs of one priority of a queue have been read from disk, in the order of turns. */
export class LevelReading {
  /** Everything open up to here is in memory. */
  cursor = "";
  /** From where to look for jobs that others put before the cursor; null = nothing to look for. */
  behind: string | null = null;
  #looks = 0;
  #lookedAt = -Infinity;
  /** Up to where jobs were served at the last look, and at the one before. */
  #served: [string, string] = ["", ""];

  /** `complete`: nothing open lies behind the cursor. */
  constructor(public complete: boolean) {}

  /** Something may have been written unseen: all of it is read again. */
  restart(): void {
    this.cursor = "";
    this.complete = false;
    this.behind = null;
  }

  /** A page behind the cursor was read. */
  passed(page: { cursor: string; complete: boolean }): void {
    this.cursor = page.cursor;
    this.complete = page.complete;
  }

  /**
   * Processes that only enqueue give turns by what they last heard was served, which may lie before
   * what has been read. Such jobs are looked for from where the queue was two looks ago, and now and
   * then from the beginning, for those of a process that heard of nothing for long. `served` is up to
   * where the queue's jobs are served now.
   */
  lookBehind(elapsed: number, served: () => string): void {
    if (elapsed - this.#lookedAt < LOOK_MS) return;
    this.#lookedAt = elapsed;
    const [before, last] = this.#served;
    this.#served = [last, served()];
    this.behind = ++this.#looks % LOOKS_TO_WHOLE === 0 ? "" : before;
  }

  /** A page before the cursor was read; `full` when memory has no room for more of them. */
  passedBehind(page: { cursor: string; complete: boolean }, full: boolean): void {
    this.behind = page.complete || page.cursor >= this.cursor ? null : page.cursor;
    if (this.behind === null || !full) return;
    // What is in memory behind this is read again later; there is no room for more before it.
    this.cursor = page.cursor;
    this.complete = false;
    this.behind = null;
  }
}
