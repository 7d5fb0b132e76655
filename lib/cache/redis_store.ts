import { Buffer } from "node:buffer";
import { digits, type Entry, type Frame, isCurrent, packFrame, parseFrame } from "./frame.ts";
import { type KeySpace, namespaceOf } from "./key_space.ts";
import { ReadBatch } from "./read_batch.ts";
import type { RedisLink } from "./redis_link.ts";
import { bulk } from "./resp.ts";
import { Unavailable } from "./unavailable.ts";
import { parseInfo, type RedisInfo } from "./redis_info.ts";
import {
  COUNT_ENTRIES,
  EXPIRE_ENTRY,
  GENERATION_SECONDS,
  REMOVE_ENTRIES,
  RENEW_GENERATION,
  TAKE_LEASE,
} from "./redis_scripts.ts";
import { type OutgoingEntry, WriteBatch } from "./write_batch.ts";

/** Entries that one script removes; small, so that other clients of the server hardly notice. */
const REMOVE_AT_ONCE = 200;
const MAX_NAMESPACES_COUNTED = 500;

const REFRESH_EVERY_MS = 200;
const BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz";

/** The state of a namespace and tags when something was read: a fill must be written under it. */
export type Generations = readonly string[];

/** What a fill must find as it was when it began. */
export interface Fence {
  generations: Generations;
  /** Of the lease under which the value was computed. */
  token: string;
  /** When the entry was made that was there when the lease was taken; empty where none was. */
  madeAt: string;
}

/** The outcome of asking to compute an entry: somebody has, somebody does, or the caller may. */
export type LeaseReply =
  | { state: "found" }
  | { state: "taken"; leftMs: number }
  | { state: "yours"; fence: Fence };

export interface RedisRead {
  frame: Frame | null;
  /** True when there was something under the key that is no entry of ours. */
  damaged: boolean;
}

export interface RedisCounts {
  entries: number;
  bytes: number;
  /** False when there are more namespaces than are counted. */
  exact: boolean;
  namespaces: Map<string, { entries: number; bytes: number }>;
}

/** Stands for when an entry was made that cannot be read at all. */
export const UNREADABLE = -1;

const NOTHING_THERE: RedisRead = { frame: null, damaged: false };

/** Entries in Redis. Every answer is a value or `Unavailable`; nothing here rejects. */
export class RedisStore {
  readonly link: RedisLink;
  readonly keys: KeySpace;
  /** Whether scripts tell the other processes of changes, because the server does not. */
  publishes = false;
  readonly #reads: ReadBatch;
  readonly #writes: WriteBatch;
  readonly #salt = base36(crypto.getRandomValues(new Uint32Array(1))[0]!, 5);
  #freshStart = "";
  readonly #generationArgs = new Map<string, string>();
  #written = 0;
  #refreshedAt = -Infinity;

  constructor(link: RedisLink, keys: KeySpace) {
    this.link = link;
    this.keys = keys;
    this.#reads = new ReadBatch(link);
    const start = `$${12 + Buffer.byteLength(keys.base)}\r\n`;
    this.#writes = new WriteBatch(link, (at) => {
      const how = this.#refresh(at) + (this.publishes ? "p" : "-");
      return `${start}${this.freshGeneration()}${how}${keys.base}\r\n`;
    });
  }

  /** What every script of ours that changes something begins with. */
  head(): [base: string, publish: string] {
    return [this.keys.base, this.publishes ? "p" : ""];
  }

  /** Reads an entry, and tells `done` once. One of an older generation is not there. */
  read(key: string, done: (read: RedisRead | Unavailable) => void): void {
    const namespace = this.#generationArg(namespaceOf(key));
    this.#reads.readPair(bulk(this.keys.entry(key)), namespace, (stored, generation) => {
      if (stored === null) return done(NOTHING_THERE);
      const frame = parseFrame(stored);
      if (frame === null) done({ frame, damaged: true });
      else if (!isCurrent(frame, 0, generation)) done(NOTHING_THERE);
      else if (frame.tags.length === 0) done({ frame, damaged: false });
      else void this.#ifTagsHold(frame).then(done);
    }, done);
  }

  async #ifTagsHold(frame: Frame): Promise<RedisRead | Unavailable> {
    const current = await this.#reads.read(frame.tags.map((tag) => this.keys.tagGeneration(tag)));
    if (current instanceof Unavailable) return current;
    const hold = current.every((value, i) => isCurrent(frame, i + 1, value));
    return hold ? { frame, damaged: false } : NOTHING_THERE;
  }

  /** Makes an entry ready for `write`; null where its tags do not fit. */
  pack(key: string, entry: Entry, keepMs: number, fence?: Fence): OutgoingEntry | null {
    const frame = packFrame(entry);
    if (frame === null) return null;
    let keys = bulk(this.keys.entry(key)) + this.#generationArg(namespaceOf(key));
    for (const tag of entry.tags) keys += bulk(this.keys.tagGeneration(tag));
    const keyCount = 2 + entry.tags.length;
    let head = digits(keyCount, 2) + digits(keepMs, 9) + frame.kind + frame.rest;
    if (fence) head += fence.generations.join("") + fence.token + fence.madeAt;
    const { tail, tailBytes, savedBytes } = frame;
    return { at: entry.createdAt, keys, keyCount, head, tail, tailBytes, savedBytes };
  }

  /** `done` is told true when it was stored, false when what its fence expects has passed. */
  write(entry: OutgoingEntry, done: (stored: boolean | Unavailable) => void): void {
    this.#writes.write(entry, done);
  }

  /** Asks to be the one process that computes an entry. */
  async takeLease(
    key: string,
    options: { tags: readonly string[]; leaseMs: number; now: number; useless: number },
  ): Promise<LeaseReply | Unavailable> {
    const token = this.freshGeneration();
    const reply = await this.link.script(TAKE_LEASE, [
      this.keys.entry(key),
      this.keys.lease(key),
      ...this.#generationKeys(key, options.tags),
    ], [
      this.keys.base,
      token,
      String(options.leaseMs),
      this.freshGeneration(),
      String(GENERATION_SECONDS),
      String(Math.floor(options.now)),
      options.useless === UNREADABLE ? "any" : digits(options.useless, 13),
    ]);
    if (reply instanceof Unavailable) return reply;
    const [state, ...rest] = reply as [LeaseReply["state"], ...unknown[]];
    if (state === "found") return { state };
    if (state === "taken") return { state, leftMs: Math.max(0, Number(rest[0])) };
    const [madeAt, ...generations] = rest as string[];
    return { state, fence: { token, madeAt: madeAt!, generations } };
  }

  /** Removes entries and answers how many there were. */
  async remove(keys: readonly string[]): Promise<number | Unavailable> {
    let removed = 0;
    for (let at = 0; at < keys.length; at += REMOVE_AT_ONCE) {
      const some = keys.slice(at, at + REMOVE_AT_ONCE).flatMap((key) => this.scriptKeys(key));
      const reply = await this.link.script(REMOVE_ENTRIES, some, this.head());
      if (reply instanceof Unavailable) return reply;
      removed += Number(reply);
    }
    return removed;
  }

  async expire(key: string, ttlMs: number, expiresAt: number): Promise<boolean | Unavailable> {
    const reply = await this.link.script(EXPIRE_ENTRY, this.scriptKeys(key), [
      ...this.head(),
      String(ttlMs),
      digits(Math.floor(expiresAt), 13),
    ]);
    return reply instanceof Unavailable ? reply : reply === 1;
  }

  /** Makes every entry with this tag a miss, at once and whatever their number. */
  async invalidateTag(tag: string): Promise<boolean | Unavailable> {
    const reply = await this.#renew([this.keys.tagGeneration(tag)]);
    return reply instanceof Unavailable ? reply : true;
  }

  /** Makes every entry of a namespace a miss, at once, and answers how many there were. */
  clearNamespace(name: string): Promise<number | Unavailable> {
    return this.#renew([this.keys.generation(name), this.keys.counts(name)]);
  }

  /** The namespaces that have entries, as far as is known; at most some hundred. */
  async namespaceNames(): Promise<string[] | Unavailable> {
    const names = await this.link.run((redis) => redis.smembers(this.keys.namespaces));
    return names instanceof Unavailable ? names : names.slice(0, MAX_NAMESPACES_COUNTED);
  }

  async count(): Promise<RedisCounts | Unavailable> {
    const reply = await this.link.script(COUNT_ENTRIES, [this.keys.namespaces], [
      this.keys.counts(""),
      String(MAX_NAMESPACES_COUNTED),
    ]);
    if (reply instanceof Unavailable) return reply;
    const [exact, ...rows] = reply as [number, ...(string | number)[]];
    const counts: RedisCounts = {
      entries: 0,
      bytes: 0,
      exact: exact === 1,
      namespaces: new Map(),
    };
    for (let i = 0; i + 2 < rows.length; i += 3) {
      const entries = Number(rows[i + 1]), bytes = Number(rows[i + 2]);
      counts.entries += entries;
      counts.bytes += bytes;
      if (entries > 0) counts.namespaces.set(String(rows[i]), { entries, bytes });
    }
    return counts;
  }

  async info(): Promise<RedisInfo | Unavailable> {
    const reply = await this.link.run((redis) => redis.info());
    return reply instanceof Unavailable ? reply : parseInfo(reply);
  }

  /** Now and then a write, made at such an instant, makes generations and counts live on. */
  #refresh(at: number): string {
    if (Math.abs(at - this.#refreshedAt) < REFRESH_EVERY_MS) return "-";
    this.#refreshedAt = at;
    return "r";
  }

  async #renew(keys: string[]): Promise<number | Unavailable> {
    const reply = await this.link.script(RENEW_GENERATION, keys, [
      ...this.head(),
      this.freshGeneration(),
      String(GENERATION_SECONDS),
    ]);
    return reply instanceof Unavailable ? reply : Number(reply);
  }

  /** A namespace's generation as an argument of a command; those in use are kept. */
  #generationArg(namespace: string): string {
    const known = this.#generationArgs.get(namespace);
    if (known !== undefined) return known;
    if (this.#generationArgs.size >= MAX_NAMESPACES_COUNTED) this.#generationArgs.clear();
    const arg = bulk(this.keys.generation(namespace));
    this.#generationArgs.set(namespace, arg);
    return arg;
  }

  #generationKeys(key: string, tags: readonly string[]): string[] {
    return [
      this.keys.generation(namespaceOf(key)),
      ...tags.map((tag) => this.keys.tagGeneration(tag)),
    ];
  }

  /** An entry as the scripts that remove it name it. */
  scriptKeys(key: string): string[] {
    const namespace = namespaceOf(key);
    return [
      this.keys.entry(key),
      this.keys.counts(namespace),
      this.keys.generation(namespace),
    ];
  }

  /** Never used before, by any process: a generation that came back would revive old entries. */
  freshGeneration(): string {
    const last = this.#written % 36;
    if (last === 0) this.#freshStart = this.#salt + base36(this.#written / 36, 4);
    this.#written++;
    return this.#freshStart + BASE36[last];
  }
}

function base36(value: number, length: number): string {
  return (value % 36 ** length).toString(36).padStart(length, "0");
}
