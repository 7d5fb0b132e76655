import type { RedisLink } from "./redis_link.ts";
import { WRITE_ENTRIES } from "./redis_scripts.ts";
import { bulk, Wire } from "./resp.ts";
import { Unavailable } from "./unavailable.ts";

/** Entries and bytes that one script writes; small, so that other clients hardly notice. */
const MAX_ENTRIES = 32;
const MAX_BYTES = 262_144;
const DONE = Promise.resolve();

/** One entry as the script takes it. */
export interface OutgoingEntry {
  /** When it was made, in milliseconds. */
  at: number;
  /** Entry, namespace generation, tag generations, as arguments of a command. */
  keys: string;
  keyCount: number;
  /** What the script needs to know of it; see WRITE_ENTRIES. */
  head: string;
  /** Tags and body of the frame. */
  tail: string | Uint8Array;
  tailBytes: number;
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
  /** The argument that every script of these writes begins with, as of an instant. */
  readonly #head: (at: number) => string;
  #entries: OutgoingEntry[] = [];
  #waiting: ((stored: Stored) => void)[] = [];
  #bytes = 0;
  readonly #send = () => this.#flush();
  readonly #sendLater = () => void DONE.then(this.#send);

  constructor(link: RedisLink, head: (at: number) => string) {
    this.#link = link;
    this.#head = head;
  }

  /** `done` is told true when it was stored, false when what it should replace has changed. */
  write(entry: OutgoingEntry, done: (stored: Stored) => void): void {
    if (this.#bytes + entry.tailBytes > MAX_BYTES) this.#flush();
    if (this.#waiting.length === 0) void DONE.then(this.#sendLater);
    this.#entries.push(entry);
    this.#waiting.push(done);
    this.#bytes += entry.tailBytes;
    if (this.#waiting.length >= MAX_ENTRIES) this.#flush();
  }

  #flush(): void {
    const waiting = this.#waiting, entries = this.#entries;
    if (waiting.length === 0) return;
    this.#entries = [];
    this.#waiting = [];
    this.#bytes = 0;
    const wire = new Wire();
    let keyCount = 0, keys = "";
    for (const entry of entries) {
      keyCount += entry.keyCount;
      keys += entry.keys;
    }
    wire.add(bulk(String(keyCount)) + keys + this.#head(entries[0]!.at));
    for (const entry of entries) {
      wire.add(`${bulk(entry.head)}$${entry.tailBytes}\r\n`);
      if (typeof entry.tail === "string") wire.add(entry.tail);
      else wire.addBytes(entry.tail);
      wire.add("\r\n");
    }
    const count = 2 + keyCount + 2 * entries.length;
    this.#link.sendScript(WRITE_ENTRIES, count, wire, (reply) => {
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
