import { LRUCache } from "lru-cache";
import { namespaceOf } from "./key_space.ts";
import type { NamespaceTable } from "./namespace_counts.ts";
import { decodeValue, isShareable } from "./payload.ts";
import type { Codec } from "./payload.ts";
import type { MemoryHit } from "./memory_store.ts";

/** What an entry costs beside its key and value. */
const OVERHEAD_BYTES = 250;
/** Names are remembered for as long as entries may carry them; so many are not expected. */
const MAX_NAMESPACES = 10_000;

interface FrontSlot extends MemoryHit {
  codec: Codec;
  /** Where readers each get a copy of their own: what it is made from. */
  body: Uint8Array | null;
  ofNamespace: Generation;
}

interface Generation {
  dead: boolean;
}

/** A copy on its way into the process; spoilt when the entry changes meanwhile. */
export interface Ticket {
  spoilt: boolean;
  readonly key: string;
  uses: number;
}

/** What is put into the process: an entry as it was read or made. */
export interface FrontEntry {
  codec: Codec;
  value: unknown;
  body: Uint8Array;
  rawBytes: number;
  createdAt: number;
  freshUntil: number;
  expiresAt: number;
  costMs: number;
  tags: readonly string[];
}

export interface FrontTierOptions {
  maxBytes: number;
  maxEntries: number;
  ttlMs: number;
  namespaces: NamespaceTable;
}

/**
 * Copies of entries in the process, before Redis: decoded, frozen, bounded in bytes and in time. A
 * copy enters only with a ticket that was taken before Redis was asked and that no invalidation has
 * spoilt since; so a change that arrives while the old value is on its way is never lost.
 */
export class FrontTier {
  readonly #options: FrontTierOptions;
  #slots: LRUCache<string, FrontSlot>;
  #tickets = new Map<string, Ticket>();
  readonly #namespaces = new Map<string, Generation>();
  readonly #tags = new Map<string, Set<string>>();
  #evictions = 0;
  /** Whether copies may be kept: somebody tells us of changes, or nobody can make any. */
  open = false;

  constructor(options: FrontTierOptions) {
    this.#options = options;
    this.#slots = this.#empty();
  }

  get(key: string, now: number): MemoryHit | undefined {
    const slot = this.#slots.get(key);
    if (slot === undefined) return undefined;
    if (slot.expiresAt <= now || slot.ofNamespace.dead) {
      this.#slots.delete(key);
      return undefined;
    }
    if (slot.body === null) return slot;
    return { ...slot, value: decodeValue(slot.codec, slot.body) };
  }

  /** Before Redis is asked for `key`. */
  take(key: string): Ticket | null {
    if (!this.open) return null;
    const waiting = this.#tickets.get(key);
    if (waiting) {
      waiting.uses++;
      return waiting;
    }
    const ticket = { spoilt: false, key, uses: 1 };
    this.#tickets.set(key, ticket);
    return ticket;
  }

  /** Gives a ticket back, with the copy if there was an entry. */
  redeem(ticket: Ticket | null, entry: FrontEntry | null, now: number, ttlMs?: number): void {
    if (ticket === null) return;
    if (--ticket.uses === 0 && this.#tickets.get(ticket.key) === ticket) {
      this.#tickets.delete(ticket.key);
    }
    if (entry === null || ticket.spoilt || !this.open) return;
    const { key } = ticket;
    const name = namespaceOf(key);
    const ofNamespace = this.#generation(name);
    const until = now + Math.min(this.#options.ttlMs, ttlMs ?? Infinity);
    this.#slots.delete(key);
    this.#slots.set(key, {
      codec: entry.codec,
      value: entry.value,
      // A copy, because the body lies in a larger piece of what came over the net.
      body: isShareable(entry.codec) ? null : Uint8Array.from(entry.body),
      createdAt: entry.createdAt,
      freshUntil: Math.min(entry.freshUntil, until),
      expiresAt: Math.min(entry.expiresAt, until),
      costMs: entry.costMs,
      tags: entry.tags,
      bytes: entry.rawBytes,
      counts: this.#options.namespaces.of(name),
      ofNamespace,
    }, { size: entry.rawBytes + key.length * 2 + OVERHEAD_BYTES });
    if (this.#slots.size > this.#options.maxEntries) this.#slots.pop();
    for (const tag of entry.tags) {
      const keys = this.#tags.get(tag);
      if (keys) keys.add(key);
      else this.#tags.set(tag, new Set([key]));
    }
  }

  /** An entry has changed or gone. */
  drop(key: string): boolean {
    if (this.#tickets.size === 0 && this.#slots.size === 0) return false;
    const ticket = this.#tickets.get(key);
    if (ticket) {
      ticket.spoilt = true;
      this.#tickets.delete(key);
    }
    return this.#slots.delete(key);
  }

  /** All entries of a namespace have gone, however many. */
  dropNamespace(name: string): void {
    const generation = this.#namespaces.get(name);
    if (generation) generation.dead = true;
    this.#namespaces.delete(name);
    this.#spoilAll();
  }

  dropTagged(tag: string): void {
    for (const key of [...this.#tags.get(tag) ?? []]) this.#slots.delete(key);
    this.#spoilAll();
  }

  dropMatching(matches: (key: string) => boolean): void {
    for (const key of [...this.#slots.keys()]) if (matches(key)) this.#slots.delete(key);
    this.#spoilAll();
  }

  /** Everything goes, at once and whatever there was. */
  clear(): void {
    this.#slots = this.#empty();
    this.#namespaces.clear();
    this.#tags.clear();
    this.#spoilAll();
  }

  counts(): { entries: number; bytes: number; evictions: number } {
    return {
      entries: this.#slots.size,
      bytes: this.#slots.calculatedSize,
      evictions: this.#evictions,
    };
  }

  #spoilAll(): void {
    for (const ticket of this.#tickets.values()) ticket.spoilt = true;
    this.#tickets = new Map();
  }

  #generation(name: string): Generation {
    const known = this.#namespaces.get(name);
    if (known) return known;
    if (this.#namespaces.size >= MAX_NAMESPACES) this.clear();
    const generation = { dead: false };
    this.#namespaces.set(name, generation);
    return generation;
  }

  /** Without `max`, for which all room would be taken at once: milliseconds whenever Redis goes. */
  #empty(): LRUCache<string, FrontSlot> {
    return new LRUCache<string, FrontSlot>({
      maxSize: this.#options.maxBytes,
      dispose: (slot, key, reason) => {
        if (reason === "evict") this.#evictions++;
        for (const tag of slot.tags) {
          const keys = this.#tags.get(tag);
          if (keys?.delete(key) && keys.size === 0) this.#tags.delete(tag);
        }
      },
    });
  }
}
