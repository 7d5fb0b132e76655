/** How exact the ends of waits are. */
const STEP_MS = 10;
/** How many steps may go by in one. */
const MAX_STEPS = 3;

/** Something that is waited for, until it ends or its time does. */
export interface Wait {
  /** In steps of this watchdog. */
  endsAt: number;
  expire(): void;
}

/**
 * Ends waits that take too long. One timer looks after all of them, since a timer for every command
 * costs more than the command's own work. Uses the machine's time: it guards real connections.
 */
export class Watchdog {
  readonly #waits = new Set<Wait>();
  #closed = false;
  /** Counted while anybody waits; cheaper to read than a clock. */
  #step = 0;
  #steppedAt = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** Calls `expire` unless the wait is ended within `ms` (to about 10 ms). */
  guard(ms: number, expire: () => void): Wait {
    const wait = { endsAt: 0, expire };
    this.begin(wait, ms);
    return wait;
  }

  /** `guard` for a wait that is there already; sets when it ends. */
  begin(wait: Wait, ms: number): void {
    wait.endsAt = this.#step + Math.ceil(ms / STEP_MS);
    if (this.#closed) return queueMicrotask(() => wait.expire());
    this.#waits.add(wait);
    if (this.#timer !== null) return;
    this.#steppedAt = performance.now();
    this.#timer = setTimeout(() => this.#look(), STEP_MS);
  }

  /** Ends a wait; false where it has expired before. */
  end(wait: Wait): boolean {
    return this.#waits.delete(wait);
  }

  /** Whether a wait has neither ended nor expired. */
  waitsFor(wait: Wait): boolean {
    return this.#waits.has(wait);
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
    // A process that was held up itself must not blame the other side: what has arrived meanwhile
    // is read before the next look.
    const steps = Math.round((now - this.#steppedAt) / STEP_MS);
    this.#step += Math.min(MAX_STEPS, Math.max(1, steps));
    this.#steppedAt = now;
    for (const wait of [...this.#waits]) {
      if (wait.endsAt > this.#step) continue;
      this.#waits.delete(wait);
      wait.expire();
    }
    // Whoever was told may wait again already, and have set the timer.
    if (this.#waits.size > 0) this.#timer ??= setTimeout(() => this.#look(), STEP_MS);
  }
}
