import type { Buffer } from "node:buffer";
import { type RedisLink, Unavailable } from "./redis_link.ts";

/** Keys that one MGET may carry. */
const MAX_KEYS = 512;

type Replies = (Buffer | null)[] | Unavailable;

interface Reader {
  places: number[];
  done: (replies: Replies) => void;
}

/** Sends the reads of one tick as one MGET; a key asked for twice travels once. */
export class ReadBatch {
  readonly #link: RedisLink;
  #places = new Map<string, number>();
  #readers: Reader[] = [];

  constructor(link: RedisLink) {
    this.#link = link;
  }

  /** The values of some keys, in their order. */
  read(storedKeys: readonly string[]): Promise<Replies> {
    return new Promise((done) => {
      if (this.#readers.length === 0) queueMicrotask(() => queueMicrotask(() => this.#send()));
      const places = new Array<number>(storedKeys.length);
      for (let i = 0; i < storedKeys.length; i++) {
        const key = storedKeys[i]!;
        let place = this.#places.get(key);
        if (place === undefined) this.#places.set(key, place = this.#places.size);
        places[i] = place;
      }
      this.#readers.push({ places, done });
      if (this.#places.size >= MAX_KEYS) this.#send();
    });
  }

  #send(): void {
    const readers = this.#readers;
    if (readers.length === 0) return;
    const keys = [...this.#places.keys()];
    this.#readers = [];
    this.#places = new Map();
    void this.#link.run((redis) => redis.mgetBuffer(keys)).then((replies) => {
      for (const { places, done } of readers) {
        done(replies instanceof Unavailable ? replies : places.map((place) => replies[place]!));
      }
    });
  }
}
