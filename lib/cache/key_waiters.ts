import type { Clock } from "../clock.ts";

/** Lets those who wait for an entry know that something happened to it. */
export class KeyWaiters {
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(readonly clock: Clock) {}

  /** Returns when the entry changes, after `ms`, or when the signal aborts. */
  wait(key: string, ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        signal.removeEventListener("abort", end);
        const waiting = this.#waiting.get(key);
        if (waiting?.delete(end) && waiting.size === 0) this.#waiting.delete(key);
        resolve();
      };
      const cancel = this.clock.after(ms, end);
      signal.addEventListener("abort", end, { once: true });
      const waiting = this.#waiting.get(key);
      if (waiting) waiting.add(end);
      else this.#waiting.set(key, new Set([end]));
    });
  }

  wake(key: string): void {
    for (const end of [...this.#waiting.get(key) ?? []]) end();
  }

  wakeAll(): void {
    for (const key of [...this.#waiting.keys()]) this.wake(key);
  }
}
