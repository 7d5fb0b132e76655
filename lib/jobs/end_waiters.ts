import type { Clock } from "../clock.ts";

/** Those who wait for a job to end. */
export class EndWaiters {
  readonly #waiters = new Map<string, Set<() => void>>();
  #stopped = false;

  /** `pollMs`: look now and then, where jobs may end in another process that wakes nobody here. */
  constructor(readonly clock: Clock, readonly pollMs?: number) {}

  /** The job has ended. */
  wake(id: string): void {
    const waiters = this.#waiters.get(id);
    if (waiters) { for (const wake of waiters) wake(); }
  }

  /** The engine stops: nobody need wait any longer. */
  wakeAll(): void {
    this.#stopped = true;
    for (const waiters of this.#waiters.values()) for (const wake of waiters) wake();
    this.#waiters.clear();
  }

  /**
   * True once `hasEnded` says so; false after `waitMs`, when the signal aborts or the engine stops.
   * A job that ended and was put back before anybody looked is waited for on.
   */
  async wait(
    id: string,
    hasEnded: () => Promise<boolean>,
    waitMs: number,
    signal?: AbortSignal,
  ): Promise<boolean> {
    let over = signal?.aborted ?? false;
    let look = Promise.withResolvers<void>();
    const wake = () => look.resolve();
    const giveUp = () => {
      over = true;
      wake();
    };
    const waiters = this.#waiters.get(id) ?? new Set();
    waiters.add(wake);
    this.#waiters.set(id, waiters);
    const cancel = this.clock.after(waitMs, giveUp);
    signal?.addEventListener("abort", giveUp);
    let cancelPoll = () => {};
    try {
      while (!await hasEnded()) {
        if (over || this.#stopped) return false;
        if (this.pollMs !== undefined) cancelPoll = this.clock.after(this.pollMs, wake);
        await look.promise;
        cancelPoll();
        look = Promise.withResolvers<void>();
      }
      return true;
    } finally {
      cancel();
      cancelPoll();
      signal?.removeEventListener("abort", giveUp);
      waiters.delete(wake);
      if (waiters.size === 0 && this.#waiters.get(id) === waiters) this.#waiters.delete(id);
    }
  }
}
