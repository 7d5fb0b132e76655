/** How often it is looked who is late: deadlines are kept to this, which spares a timer for each. */
const TICK_MS = 250;

interface Waiting {
  at: number;
  reject: (reason: unknown) => void;
}

/**
 * Deadlines for many short waits. One timer, which stops when nobody has waited for a tick, ends
 * those that are late; a wait that ends in time costs no timer of its own.
 */
export class Deadlines {
  readonly #waiting = new Set<Waiting>();
  #timer: ReturnType<typeof setInterval> | null = null;
  #closing = false;

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

  /** Keeps no timer any more when nobody waits; waits that are under way keep their deadline. */
  close(): void {
    this.#closing = true;
    if (this.#waiting.size === 0) this.#stop();
  }

  #tick(): void {
    if (this.#waiting.size === 0) return this.#stop();
    const now = performance.now();
    for (const entry of this.#waiting) {
      if (entry.at > now) continue;
      entry.reject(this.late());
      this.#leave(entry);
    }
  }

  #leave(entry: Waiting): void {
    this.#waiting.delete(entry);
    // Otherwise it goes on until its next tick: requests come in crowds, and timers are not cheap.
    if (this.#closing && this.#waiting.size === 0) this.#stop();
  }

  #stop(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }
}
