import type { RedisLink } from "./redis_link.ts";
import { Unavailable } from "./unavailable.ts";
import { WRITE_ENTRIES } from "./redis_scripts.ts";

/** Entries and bytes that one script writes; small, so that other clients hardly notice. */
const MAX_ENTRIES = 64;
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

/** Sends the writes of one tick together. */
export class WriteBatch {
  readonly #link: RedisLink;
  /** What every script of these writes begins with. */
  readonly #head: () => string[];
  #keys: string[] = [];
  #args: (string | Uint8Array)[] = [];
  #waiting: ((stored: Stored) => void)[] = [];
  #bytes = 0;

  constructor(link: RedisLink, head: () => string[]) {
    this.#link = link;
    this.#head = head;
  }

  /** True when it was stored, false when what it was expected to replace has changed. */
  write({ keys, head, tail }: OutgoingEntry): Promise<Stored> {
    return new Promise((resolve) => {
      if (this.#bytes + tail.length > MAX_BYTES) this.#send();
      if (this.#waiting.length === 0) this.#begin();
      for (const key of keys) this.#keys.push(key);
      this.#args.push(head, tail);
      this.#waiting.push(resolve);
      this.#bytes += tail.length;
      if (this.#waiting.length >= MAX_ENTRIES) this.#send();
    });
  }

  #begin(): void {
    this.#args = this.#head();
    queueMicrotask(() => queueMicrotask(() => this.#send()));
  }

  #send(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    const sent = this.#link.script(WRITE_ENTRIES, this.#keys, this.#args);
    this.#keys = [];
    this.#waiting = [];
    this.#bytes = 0;
    void sent.then((reply) => {
      for (let i = 0; i < waiting.length; i++) {
        waiting[i]!(reply instanceof Unavailable ? reply : (reply as number[])[i] === 1);
      }
    });
  }
}
