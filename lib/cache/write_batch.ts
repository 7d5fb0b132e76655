import type { RedisLink } from "./redis_link.ts";
import { runScript } from "./redis_script.ts";
import { Unavailable } from "./unavailable.ts";
import { WRITE_ENTRIES } from "./redis_scripts.ts";

/** Entries and bytes that one script writes; small, so that other clients hardly notice. */
const MAX_ENTRIES = 32;
const MAX_BYTES = 262_144;

/** One entry as the script takes it. */
export interface OutgoingEntry {
  /** Entry, namespace generation, tag generations. */
  keys: string[];
  /** What the script needs to know of it; see WRITE_ENTRIES. */
  head: string;
  /** Tags and body of the frame. */
  tail: string | Uint8Array;
  /** What compression saved. */
  savedBytes: number;
}

type Stored = boolean | Unavailable;

/**
 * Sends the writes of one tick together, a few at a time: Redis is at the first while the last are
 * still being written down.
 */
export class WriteBatch {
  readonly #link: RedisLink;
  /** What every script of these writes begins with. */
  readonly #head: () => string[];
  #keys: string[] = [];
  #args: (string | Uint8Array)[] = [];
  #waiting: ((stored: Stored) => void)[] = [];
  #bytes = 0;
  readonly #send = () => this.#flush();
  readonly #sendLater = () => queueMicrotask(this.#send);

  constructor(link: RedisLink, head: () => string[]) {
    this.#link = link;
    this.#head = head;
  }

  /** `done` is told true when it was stored, false when what it should replace has changed. */
  write({ keys, head, tail }: OutgoingEntry, done: (stored: Stored) => void): void {
    if (this.#bytes + tail.length > MAX_BYTES) this.#flush();
    if (this.#waiting.length === 0) {
      this.#args = this.#head();
      queueMicrotask(this.#sendLater);
    }
    for (const key of keys) this.#keys.push(key);
    this.#args.push(head, tail);
    this.#waiting.push(done);
    this.#bytes += tail.length;
    if (this.#waiting.length >= MAX_ENTRIES) this.#flush();
  }

  #flush(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    const keys = this.#keys, args = this.#args;
    this.#keys = [];
    this.#waiting = [];
    this.#bytes = 0;
    this.#link.request((redis) => runScript(redis, WRITE_ENTRIES, keys, args), (reply) => {
      if (reply instanceof Unavailable || !Array.isArray(reply)) {
        const stored = reply instanceof Unavailable ? reply : true;
        for (const done of waiting) done(stored);
        return;
      }
      const refused = new Set(reply);
      for (let i = 0; i < waiting.length; i++) waiting[i]!(!refused.has(i));
    });
  }
}
