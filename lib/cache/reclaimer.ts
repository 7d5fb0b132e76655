import { sweepRedis, type Swept } from "./redis_sweep.ts";
import type { RedisStore } from "./redis_store.ts";

/** Frees the memory of cleared namespaces behind the callers' backs, one pass at a time. */
export class Reclaimer {
  readonly #store: RedisStore;
  readonly #closing = new AbortController();
  readonly #wanted = new Set<string>();
  #running: Promise<void> | null = null;

  constructor(store: RedisStore) {
    this.#store = store;
  }

  request(namespace: string): void {
    if (this.#closing.signal.aborted) return;
    this.#wanted.add(namespace);
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      const next = this.#wanted.values().next();
      if (!next.done) this.request(next.value);
    });
  }

  /** When everything that was requested is done. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  /** Goes through everything under our prefix and counts anew. */
  sweepAll(signal?: AbortSignal): Promise<Swept> {
    const signals = signal ? [signal, this.#closing.signal] : [this.#closing.signal];
    return sweepRedis(this.#store, { signal: AbortSignal.any(signals), literal: "", count: true });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#wanted.clear();
    await this.idle();
  }

  async #run(): Promise<void> {
    for (const namespace of [...this.#wanted]) {
      this.#wanted.delete(namespace);
      await sweepRedis(this.#store, {
        signal: this.#closing.signal,
        literal: `${namespace}:`,
        count: false,
      });
    }
  }
}
