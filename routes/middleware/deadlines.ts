/** How often it is looked who is late: deadlines are kept to this, which spares a timer for each. */
const TICK_MS = 250;

interface Waiting {
  at: number;
  reject: (reason: unknown) => void;
}

/**
 * Deadlines for many short waits. One timer, running only while somebody waits, ends those that
 * are late; a wait that ends in time costs no timer of its own.
 */
export class Deadlines {
  readonly #waiting = new Set<Waiting>();
  #timer: ReturnType<typeof setInterval> | null = null;

  /** `late` makes the reason that a wait past its deadline is rejected with. */
  constructor(readonly late: () => Error) {}

  /** The work's outcome, or a rejection when it takes longer than `ms` (up to 250 ms more). */
  race<T>(work: Promise<T>, ms: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const entry: Waiting = { at: performance.now() + ms, reject };
      this.#waiting.add(entry);
      this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
      work.then((value) => {
        this.#leave(entry);
        resolve(value);
      }, (error) => {
        this.#leave(entry);
        reject(error);
      });
    });
  }

  #tick(): void {
    const now = performance.now();
    for (const entry of this.#waiting) {
      if (entry.at > now) continue;
      entry.reject(this.late());
      this.#leave(entry);
    }
  }

  #leave(entry: Waiting): void {
    if (!this.#waiting.delete(entry) || this.#waiting.size > 0 || !this.#timer) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}
