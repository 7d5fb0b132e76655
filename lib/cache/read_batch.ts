import type { Buffer } from "node:buffer";
import type { RedisLink } from "./redis_link.ts";
import { Unavailable } from "./unavailable.ts";

/** Keys that one MGET may carry. */
const MAX_KEYS = 512;

type Reply = Buffer | null;

/** Told what lies under two keys, or that Redis did not answer. */
interface PairReader {
  first: number;
  second: number;
  found: (first: Reply, second: Reply) => void;
  failed: (reason: Unavailable) => void;
}

/** Told what lies under some keys, in their order, or that Redis did not answer. */
interface ListReader {
  places: number[];
  done: (replies: Reply[] | Unavailable) => void;
}

/**
 * Sends the reads of one tick as one MGET; a key asked for twice travels once. Pairs, which is what
 * reading an entry takes, are answered by callbacks, so that a read costs one promise.
 */
export class ReadBatch {
  readonly #link: RedisLink;
  #places = new Map<string, number>();
  #pairs: PairReader[] = [];
  #lists: ListReader[] = [];
  readonly #send = () => this.#flush();
  readonly #sendLater = () => queueMicrotask(this.#send);

  constructor(link: RedisLink) {
    this.#link = link;
  }

  /** The values of some keys, in their order. */
  read(storedKeys: readonly string[]): Promise<Reply[] | Unavailable> {
    return new Promise((done) => {
      this.#begin();
      this.#lists.push({ places: storedKeys.map((key) => this.#place(key)), done });
      if (this.#places.size >= MAX_KEYS) this.#send();
    });
  }

  readPair(
    first: string,
    second: string,
    found: PairReader["found"],
    failed: PairReader["failed"],
  ): void {
    this.#begin();
    this.#pairs.push({ first: this.#place(first), second: this.#place(second), found, failed });
    if (this.#places.size >= MAX_KEYS) this.#send();
  }

  #begin(): void {
    if (this.#places.size > 0) return;
    queueMicrotask(this.#sendLater);
  }

  #place(key: string): number {
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const place = this.#places.size;
    this.#places.set(key, place);
    return place;
  }

  #flush(): void {
    if (this.#places.size === 0) return;
    const keys = [...this.#places.keys()];
    const pairs = this.#pairs, lists = this.#lists;
    this.#pairs = [];
    this.#lists = [];
    this.#places = new Map();
    this.#link.request((redis) => redis.mgetBuffer(keys), (replies) => {
      if (replies instanceof Unavailable) {
        for (const { failed } of pairs) failed(replies);
        for (const { done } of lists) done(replies);
        return;
      }
      for (const { first, second, found } of pairs) found(replies[first]!, replies[second]!);
      for (const { places, done } of lists) done(places.map((place) => replies[place]!));
    });
  }
}
