import type { Buffer } from "node:buffer";
import type { RedisLink } from "./redis_link.ts";
import { bulk, command } from "./resp.ts";
import { Unavailable } from "./unavailable.ts";

/** Reads that one MGET may carry. */
const MAX_READS = 256;
const DONE = Promise.resolve();

type Reply = Buffer | null;

/** Two keys as arguments of a command, and who is told what lies under them. */
interface PairReader {
  first: string;
  second: string;
  found: (first: Reply, second: Reply) => void;
  failed: (reason: Unavailable) => void;
}

/** Told what lies under some keys, in their order, or that Redis did not answer. */
interface ListReader {
  keys: string[];
  done: (replies: Reply[] | Unavailable) => void;
}

/**
 * Sends the reads of one tick as one MGET; a key asked for twice travels once. Pairs, which is what
 * reading an entry takes, are answered by callbacks, so that a read costs one promise.
 */
export class ReadBatch {
  readonly #link: RedisLink;
  #pairs: PairReader[] = [];
  #lists: ListReader[] = [];
  #waiting = 0;
  readonly #send = () => this.#flush();
  readonly #sendLater = () => void DONE.then(this.#send);

  constructor(link: RedisLink) {
    this.#link = link;
  }

  /** The values of some keys, in their order. */
  read(storedKeys: readonly string[]): Promise<Reply[] | Unavailable> {
    return new Promise((done) => {
      this.#lists.push({ keys: storedKeys.map((key) => bulk(key)), done });
      this.#add(storedKeys.length);
    });
  }

  /** What lies under two keys, which are laid out as arguments of a command. */
  readPair(
    first: string,
    second: string,
    found: PairReader["found"],
    failed: PairReader["failed"],
  ): void {
    this.#pairs.push({ first, second, found, failed });
    this.#add(1);
  }

  #add(reads: number): void {
    // Two turns, so that those are in time who are told in the first.
    if (this.#waiting === 0) void DONE.then(this.#sendLater);
    this.#waiting += reads;
    if (this.#waiting >= MAX_READS) this.#flush();
  }

  #flush(): void {
    if (this.#waiting === 0) return;
    const pairs = this.#pairs, lists = this.#lists;
    this.#pairs = [];
    this.#lists = [];
    this.#waiting = 0;
    if (pairs.length === 1 && lists.length === 0) this.#sendPair(pairs[0]!);
    else this.#sendMany(pairs, lists);
  }

  /** One caller alone is worth a way of its own. */
  #sendPair(pair: PairReader): void {
    this.#link.send("mget", command("mget", 2, pair.first + pair.second), (reply) => {
      if (reply instanceof Unavailable) return pair.failed(reply);
      const [first, second] = reply as [Reply, Reply];
      pair.found(first, second);
    });
  }

  #sendMany(pairs: PairReader[], lists: ListReader[]): void {
    const places = new Map<string, number>();
    const place = (key: string) => {
      const known = places.get(key);
      if (known !== undefined) return known;
      places.set(key, places.size);
      return places.size - 1;
    };
    const placesOfPairs = pairs.map(({ first, second }) => [place(first), place(second)] as const);
    const placesOfLists = lists.map(({ keys }) => keys.map(place));
    const wire = command("mget", places.size, [...places.keys()].join(""));
    this.#link.send("mget", wire, (reply) => {
      if (reply instanceof Unavailable) {
        for (const { failed } of pairs) failed(reply);
        for (const { done } of lists) done(reply);
        return;
      }
      const replies = reply as Reply[];
      for (const [i, [first, second]] of placesOfPairs.entries()) {
        pairs[i]!.found(replies[first]!, replies[second]!);
      }
      for (const [i, at] of placesOfLists.entries()) {
        lists[i]!.done(at.map((place) => replies[place]!));
      }
    });
  }
}
