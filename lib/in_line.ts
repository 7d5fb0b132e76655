/**
 * Work with the same key one after the other, in the order it came; other keys side by side.
 * Without it a crowd on one record would fail each other's checks until some give up.
 */
export class InLine {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Keys that have work at the moment. */
  get size(): number {
    return this.#last.size;
  }

  /** Runs `work` when all earlier work with this key has ended, well or not. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const mine = (this.#last.get(key) ?? Promise.resolve()).then(work);
    const ended = mine.then(() => {}, () => {});
    this.#last.set(key, ended);
    try {
      return await mine;
    } finally {
      if (this.#last.get(key) === ended) this.#last.delete(key);
    }
  }
}
