import type { Buffer } from "node:buffer";
import { type RedisLink, Unavailable } from "./redis_link.ts";

/** Keys that one MGET may carry. */
const MAX_KEYS = 512;

type Replies = (Buffer | null)[] | Unavailable;

interface Reader {
  /** Where its first value is; the others are at `places`, unless it is a pair. */
  first: number;
  second: number;
  places: number[] | null;
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
      const places = storedKeys.map((key) => this.#place(key));
      this.#add({ first: 0, second: 0, places, done });
    });
  }

  /** The values of two keys: what reading an entry takes. */
  readPair(first: string, second: string): Promise<Replies> {
    return new Promise((done) => {
      this.#add({ first: this.#place(first), second: this.#place(second), places: null, done });
    });
  }

  #add(reader: Reader): void {
    if (this.#readers.length === 0) queueMicrotask(() => queueMicrotask(() => this.#send()));
    this.#readers.push(reader);
    if (this.#places.size >= MAX_KEYS) this.#send();
  }

  #place(key: string): number {
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const place = this.#places.size;
    this.#places.set(key, place);
    return place;
  }

  #send(): void {
    const readers = this.#readers;
    if (readers.length === 0) return;
    const keys = [...this.#places.keys()];
    this.#readers = [];
    this.#places = new Map();
    void this.#link.run((redis) => redis.mgetBuffer(keys)).then((replies) => {
      for (const { first, second, places, done } of readers) {
        if (replies instanceof Unavailable) done(replies);
        else if (places === null) done([replies[first]!, replies[second]!]);
        else done(places.map((place) => replies[place]!));
      }
    });
  }
}
