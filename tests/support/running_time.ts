const BEAT_MS = 5;

/**
 * Milliseconds during which this process could run. What a busy machine held it up for is left out:
 * in that time nothing here could be quick or slow. `using` ends it.
 */
export class RunningTime implements Disposable {
  #heldUpMs = 0;
  #beatAt = performance.now();
  readonly #timer = setInterval(() => {
    const now = performance.now();
    this.#heldUpMs += this.#late(now);
    this.#beatAt = now;
  }, BEAT_MS);

  now(): number {
    const now = performance.now();
    return now - this.#heldUpMs - this.#late(now);
  }

  /** How long something takes, and what it gives. */
  async of<T>(task: () => Promise<T>): Promise<{ ms: number; value: T }> {
    const startedAt = this.now();
    const value = await task();
    return { ms: this.now() - startedAt, value };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #late(now: number): number {
    return Math.max(0, now - this.#beatAt - BEAT_MS);
  }
}
