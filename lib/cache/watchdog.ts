/** How exact the ends of waits are. */
const STEP_MS = 10;

interface Wait {
  endsAt: number;
  expire: () => void;
}

/**
 * Ends waits that take too long. One timer looks after all of them, since a timer for every command
 * costs more than the command's own work. Uses the machine's time: it guards real connections.
 */
export class Watchdog {
  readonly #waits = new Set<Wait>();
  #closed = false;
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** Calls `expire` unless the returned function is called within `ms` (to about 10 ms). */
  guard(ms: number, expire: () => void): () => void {
    if (this.#closed) {
      queueMicrotask(expire);
      return () => {};
    }
    const wait = { endsAt: performance.now() + ms, expire };
    this.#waits.add(wait);
    this.#timer ??= setTimeout(() => this.#look(), STEP_MS);
    return () => {
      this.#waits.delete(wait);
    };
  }

  /** Expires every wait at once, and those to come. */
  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const waits = [...this.#waits];
    this.#waits.clear();
    for (const wait of waits) wait.expire();
  }

  #look(): void {
    this.#timer = null;
    const now = performance.now();
    for (const wait of [...this.#waits]) {
      if (wait.endsAt > now) continue;
      this.#waits.delete(wait);
      wait.expire();
    }
    if (this.#waits.size > 0) this.#timer = setTimeout(() => this.#look(), STEP_MS);
  }
}
