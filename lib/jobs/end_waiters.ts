import type { Clock } from "../clock.ts";

/** Those who wait for a job to end. */
export class EndWaiters {
  readonly #waiters = new Map<string, Set<() => void>>();

  /** `pollMs`: look now and then, where jobs may end in another process that wakes nobody here. */
  constructor(readonly clock: Clock, readonly pollMs?: number) {}

  /** The job has ended. */
  wake(id: string): void {
    const waiters = this.#waiters.get(id);
    if (waiters) { for (const wake of waiters) wake(); }
  }

  /** The engine stops: nobody need wait any longer. */
  wakeAll(): void {
    for (const waiters of this.#waiters.values()) for (const wake of waiters) wake();
    this.#waiters.clear();
  }

  #poll(): Promise<void>[] {
    if (this.pollMs === undefined) return [];
    return [new Promise((resolve) => void this.clock.after(this.pollMs!, resolve))];
  }

  /** True once `hasEnded` says so; false after `waitMs` or when the signal aborts. */
  async wait(
    id: string,
    hasEnded: () => Promise<boolean>,
    waitMs: number,
    signal?: AbortSignal,
  ): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiters = this.#waiters.get(id) ?? new Set();
    waiters.add(resolve);
    this.#waiters.set(id, waiters);
    const cancel = this.clock.after(waitMs, resolve);
    const onAbort = () => resolve();
    if (signal?.aborted) resolve();
    else signal?.addEventListener("abort", onAbort);
    try {
      let over = false;
      promise.then(() => over = true);
      while (!await hasEnded()) {
        if (over) return false;
        await Promise.race([promise, ...this.#poll()]);
      }
      return true;
    } finally {
      cancel();
      signal?.removeEventListener("abort", onAbort);
      waiters.delete(resolve);
      if (waiters.size === 0) this.#waiters.delete(id);
    }
  }
}
