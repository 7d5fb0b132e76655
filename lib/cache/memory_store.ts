import { LRUCache } from "lru-cache";
import type { Clock } from "../clock.ts";
import { ExpiryIndex } from "./expiry_index.ts";
import type { Entry, EntryFacts } from "./frame.ts";
import type { Glob } from "./glob.ts";
import { namespaceOf } from "./key_space.ts";
import type { NamespaceCounts, NamespaceTable } from "./namespace_counts.ts";
import { decodeValue, isShareable, type Payload } from "./payload.ts";

/** What an entry costs beside its key and value: the slot, the list nodes, the indexes. */
const OVERHEAD_BYTES = 300;
const KEYS_PER_TURN = 5_000;

interface Slot extends MemoryHit {
  payload: Payload | null;
}

export interface MemoryStoreOptions {
  maxBytes: number;
  maxEntries: number;
  clock: Clock;
  counts: NamespaceTable;
}

/** What a lookup in the process found. */
export interface MemoryHit extends EntryFacts {
  value: unknown;
  bytes: number;
  /** Where lookups of its namespace are counted. */
  counts: NamespaceCounts;
}

/**
 * Entries in the process, bounded by bytes, least recently used out first. A value is decoded on
 * its first read and then handed out as it is, frozen; kinds that cannot be frozen are decoded anew
 * for each reader.
 */
export class MemoryStore {
  readonly #slots: LRUCache<string, Slot>;
  readonly #expiry: ExpiryIndex;
  readonly #namespaces = new Map<string, { entries: number }>();
  readonly #tags = new Map<string, Set<string>>();
  readonly #clock: Clock;
  readonly #counts: NamespaceTable;
  readonly #maxEntries: number;
  #evictions = 0;

  constructor(options: MemoryStoreOptions) {
    this.#clock = options.clock;
    this.#counts = options.counts;
    this.#expiry = new ExpiryIndex(options.clock.now());
    this.#maxEntries = options.maxEntries;
    // Without `max`, for which room for all entries would be taken at the start.
    this.#slots = new LRUCache<string, Slot>({
      maxSize: options.maxBytes,
      dispose: (slot, key, reason) => {
        this.#unlink(key, slot);
        if (reason === "evict") this.#evictions++;
      },
    });
  }

  get(key: string, now: number): MemoryHit | undefined {
    const slot = this.#slots.get(key);
    if (slot === undefined) return undefined;
    if (slot.expiresAt <= now) {
      this.#slots.delete(key);
      return undefined;
    }
    if (slot.payload !== null) {
      const { codec, body } = slot.payload;
      if (!isShareable(codec)) return { ...slot, value: decodeValue(codec, body) };
      slot.value = decodeValue(codec, body);
      slot.payload = null;
    }
    return slot;
  }

  has(key: string): boolean {
    const slot = this.#slots.peek(key);
    return slot !== undefined && slot.expiresAt > this.#clock.now();
  }

  /** Keeps an entry; false when it is larger than the whole store may be. */
  set(key: string, entry: Entry): boolean {
    this.purgeExpired();
    const bytes = entry.payload.bytes;
    const size = bytes + key.length * 2 + OVERHEAD_BYTES;
    this.#slots.delete(key);
    const namespace = namespaceOf(key);
    const { payload, createdAt, freshUntil, expiresAt, costMs, tags } = entry;
    const counts = this.#counts.of(namespace);
    const facts = { createdAt, freshUntil, expiresAt, costMs, tags };
    this.#slots.set(key, { payload, value: undefined, bytes, counts, ...facts }, { size });
    if (!this.#slots.has(key)) return false;
    if (this.#slots.size > this.#maxEntries) this.#slots.pop();
    this.#expiry.add(key, expiresAt);
    const counted = this.#namespaces.get(namespace);
    if (counted) counted.entries++;
    else this.#namespaces.set(namespace, { entries: 1 });
    for (const tag of entry.tags) {
      const keys = this.#tags.get(tag);
      if (keys) keys.add(key);
      else this.#tags.set(tag, new Set([key]));
    }
    return true;
  }

  delete(key: string): boolean {
    const existed = this.has(key);
    this.#slots.delete(key);
    return existed;
  }

  expire(key: string, expiresAt: number): boolean {
    if (!this.has(key)) return false;
    const slot = this.#slots.peek(key)!;
    this.#expiry.remove(key, slot.expiresAt);
    slot.expiresAt = slot.freshUntil = expiresAt;
    this.#expiry.add(key, expiresAt);
    return true;
  }

  deleteTagged(tag: string): number {
    const keys = [...this.#tags.get(tag) ?? []];
    for (const key of keys) this.#slots.delete(key);
    return keys.length;
  }

  /** How many entries the pattern matches. */
  matching(glob: Glob): number {
    this.purgeExpired();
    let matching = 0;
    for (const key of this.#slots.keys()) if (glob.matches(key)) matching++;
    return matching;
  }

  /** The keys that lie there now, in no order. */
  keys(): string[] {
    this.purgeExpired();
    return [...this.#slots.keys()];
  }

  /** An entry's size and end, without a use of it; undefined where there is none. */
  peek(key: string): { bytes: number; expiresAt: number } | undefined {
    const slot = this.#slots.peek(key);
    return slot && { bytes: slot.bytes, expiresAt: slot.expiresAt };
  }

  /** Removes what the pattern matches, at most `limit` entries, giving way to others every few thousand keys. */
  async clear(glob: Glob, limit = Infinity, signal?: AbortSignal): Promise<number> {
    this.purgeExpired();
    const keys = [...this.#slots.keys()];
    let cleared = 0;
    for (let at = 0; at < keys.length; at += KEYS_PER_TURN) {
      if (at > 0) await new Promise<void>((resolve) => this.#clock.after(0, resolve));
      signal?.throwIfAborted();
      for (const key of keys.slice(at, at + KEYS_PER_TURN)) {
        if (cleared >= limit) return cleared;
        if (glob.matches(key) && this.#slots.delete(key)) cleared++;
      }
    }
    return cleared;
  }

  /** Drops what has expired, at the cost of those entries only, and answers how many that were. */
  purgeExpired(): number {
    const now = this.#clock.now();
    let purged = 0;
    for (const key of this.#expiry.due(now)) {
      const slot = this.#slots.peek(key);
      if (slot && slot.expiresAt <= now && this.#slots.delete(key)) purged++;
    }
    return purged;
  }

  /** Living entries and the bytes they are charged with. */
  counts(): {
    entries: number;
    bytes: number;
    evictions: number;
    namespaces: ReadonlyMap<string, { entries: number }>;
  } {
    this.purgeExpired();
    return {
      entries: this.#slots.size,
      bytes: this.#slots.calculatedSize,
      evictions: this.#evictions,
      namespaces: this.#namespaces,
    };
  }

  drop(): void {
    this.#slots.clear();
  }

  #unlink(key: string, slot: Slot): void {
    this.#expiry.remove(key, slot.expiresAt);
    const namespace = namespaceOf(key);
    const counted = this.#namespaces.get(namespace);
    if (counted && --counted.entries === 0) this.#namespaces.delete(namespace);
    for (const tag of slot.tags) {
      const keys = this.#tags.get(tag);
      if (keys?.delete(key) && keys.size === 0) this.#tags.delete(tag);
    }
  }
}
