import { type RedisLink, Unavailable } from "./redis_link.ts";
import { WRITE_ENTRIES } from "./redis_scripts.ts";

/** Entries and bytes that one script writes; small, so that other clients hardly notice. */
const MAX_ENTRIES = 64;
const MAX_BYTES = 262_144;

/** One entry as the script takes it. */
export interface OutgoingEntry {
  /** Entry, namespace generation, tag generations. */
  keys: string[];
  /** The script's six arguments of an entry. */
  args: (string | Uint8Array)[];
  bytes: number;
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
  write(entry: OutgoingEntry): Promise<Stored> {
    return new Promise((resolve) => {
      if (this.#bytes + entry.bytes > MAX_BYTES) this.#send();
      if (this.#waiting.length === 0) queueMicrotask(() => queueMicrotask(() => this.#send()));
      this.#keys.push(...entry.keys);
      this.#args.push(...entry.args);
      this.#waiting.push(resolve);
      this.#bytes += entry.bytes;
      if (this.#waiting.length >= MAX_ENTRIES) this.#send();
    });
  }

  #send(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    const sent = this.#link.script(WRITE_ENTRIES, this.#keys, [...this.#head(), ...this.#args]);
    this.#keys = [];
    this.#args = [];
    this.#waiting = [];
    this.#bytes = 0;
    void sent.then((reply) => {
      for (let i = 0; i < waiting.length; i++) {
        waiting[i]!(reply instanceof Unavailable ? reply : (reply as number[])[i] === 1);
      }
    });
  }
}
