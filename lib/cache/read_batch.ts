import type { Buffer } from "node:buffer";
import { type RedisLink, Unavailable } from "./redis_link.ts";

/** Keys that one MGET may carry. */
const MAX_KEYS = 512;

type Reply = Buffer | null | Unavailable;

/** Sends the reads of one tick as one MGET; a key asked for twice travels once. */
export class ReadBatch {
  readonly #link: RedisLink;
  #waiting = new Map<string, PromiseWithResolvers<Reply>>();

  constructor(link: RedisLink) {
    this.#link = link;
  }

  get(storedKey: string): Promise<Reply> {
    const asked = this.#waiting.get(storedKey);
    if (asked) return asked.promise;
    const answer = Promise.withResolvers<Reply>();
    if (this.#waiting.size === 0) queueMicrotask(() => queueMicrotask(() => this.#send()));
    this.#waiting.set(storedKey, answer);
    if (this.#waiting.size >= MAX_KEYS) this.#send();
    return answer.promise;
  }

  #send(): void {
    if (this.#waiting.size === 0) return;
    const waiting = this.#waiting;
    this.#waiting = new Map();
    void this.#link.run((redis) => redis.mgetBuffer([...waiting.keys()])).then((replies) => {
      let i = 0;
      for (const answer of waiting.values()) {
        answer.resolve(replies instanceof Unavailable ? replies : replies[i++] ?? null);
      }
    });
  }
}
