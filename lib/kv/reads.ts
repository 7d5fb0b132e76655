import { MAX_KEYS_A_READ } from "./read_many.ts";

interface Reader {
  key: Deno.KvKey;
  resolve: (entry: Deno.KvEntryMaybe<unknown>) => void;
  reject: (reason: unknown) => void;
}

/**
 * Reads of single keys, those that are asked for at the same time together: ten then cost one
 * transaction and one trip to the database's thread. Each sees everything that was durable when it
 * was asked for.
 */
export class Reads {
  #asked: Reader[] = [];

  constructor(readonly kv: Pick<Deno.Kv, "getMany">) {}

  /** The entry of a key; its value is null where there is none. */
  get<T>(key: Deno.KvKey): Promise<Deno.KvEntryMaybe<T>> {
    return new Promise<Deno.KvEntryMaybe<unknown>>((resolve, reject) => {
      this.#asked.push({ key, resolve, reject });
      // After the microtasks of this tick, so that everybody who was woken together is in it.
      if (this.#asked.length === 1) setImmediate(() => this.#read());
      else if (this.#asked.length === MAX_KEYS_A_READ) this.#read();
    }) as Promise<Deno.KvEntryMaybe<T>>;
  }

  #read(): void {
    const asked = this.#asked;
    if (asked.length === 0) return;
    this.#asked = [];
    this.kv.getMany<unknown[]>(asked.map(({ key }) => key)).then(
      (entries) => asked.forEach(({ resolve }, index) => resolve(entries[index]!)),
      (error) => asked.forEach(({ reject }) => reject(error)),
    );
  }
}
