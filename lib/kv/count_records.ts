import {
  addCounts,
  type CountDelta,
  type Counts,
  decodeCounts,
  encodeCounts,
  recode,
  type StoredCounts,
  storedCounts,
} from "./counts.ts";
import { keyText } from "./key_text.ts";
import { readMany } from "./read_many.ts";
import { Recent } from "./recent.ts";
import { type Consequence, type Mutation, WriteSet } from "./write_set.ts";

/** Numbers that the cached records may hold together: about 16 MB. */
const MAX_CACHED_NUMBERS = 1_000_000;
/** From so many fields on, a record's stored form is kept, so that a few counts cost no more. */
const LARGE = 32;
/** How far consequences may have consequences. */
const MAX_DEPTH = 4;
const GUARD: Deno.KvKey = ["meta", "counts"];

interface Change {
  key: Deno.KvKey;
  delta: CountDelta;
  /** `delta` is a copy made here, that may be added to. */
  own: boolean;
  then: Consequence | undefined;
}

/** A record as it is in the database, or will be. */
interface Known {
  counts: Counts;
  /** Its stored form, of a large one that was written. */
  stored?: StoredCounts;
}

/** A record as a commit leaves it. */
interface Merged extends Known {
  key: Deno.KvKey;
}

/** What one commit does to count records, worked out but not yet written. */
export interface MergedCounts {
  /** Adds the writes to the atomic operation. */
  write(atomic: Deno.AtomicOperation): void;
  /** The record of that key text as it will be, when the commit changes it. */
  record(text: string): Known | undefined;
  /** The commit succeeded: what was written is now what the cache knows. */
  committed(versionstamp: string): void;
}

/**
 * Merges the `add` mutations of a commit into the records they touch. The records in use are kept
 * in memory; that is sound because all writes to them go through one `Database`, which commits one
 * atomic after the other. On a database that other processes write to (`shared`), a guard entry
 * that each such commit checks and rewrites shows when the memory is out of date.
 */
export class CountRecords {
  readonly #cache = new Recent<Known>(
    MAX_CACHED_NUMBERS,
    ({ counts, stored }) => 8 + (stored ? 3 : 2) * counts.fields.length,
  );
  /** First parts of the keys of all records seen, so that other keys are dismissed quickly. */
  readonly #roots = new Set<Deno.KvKeyPart | undefined>();
  #guard: string | null | undefined;

  constructor(readonly kv: Deno.Kv, readonly shared: boolean) {}

  /**
   * Loads what is not in memory and computes the records after these write sets, and after what is
   * `under way`, which must have been written into its atomic operation.
   */
  async merge(
    writes: readonly WriteSet[],
    underWay: MergedCounts | null = null,
  ): Promise<MergedCounts | null> {
    let changes = collect(writes);
    if (changes.size === 0) return null;
    if (this.shared) await this.#readGuard();
    const merged = new Map<string, Merged>();
    const others: Mutation[] = [];
    for (let depth = 0; changes.size > 0; depth++) {
      if (depth > MAX_DEPTH) throw new Error("consequences of a change have no end");
      const more = new WriteSet();
      await this.#apply(changes, merged, more, underWay);
      for (const m of more.mutations) if (m.type !== "add") others.push(m);
      changes = collect([more]);
    }
    return {
      write: (atomic) => {
        if (this.shared) atomic.check({ key: GUARD, versionstamp: this.#guard! }).set(GUARD, 1);
        for (const m of others) {
          if (m.type === "set") atomic.set(m.key, m.value);
          else if (m.type === "delete") atomic.delete(m.key);
        }
        for (const [text, record] of merged) {
          if (record.counts.fields.length === 0) atomic.delete(record.key);
          else {
            const before = underWay?.record(text) ?? this.#cache.peek(text);
            atomic.set(record.key, encode(record, before));
          }
        }
      },
      record: (text) => merged.get(text),
      committed: (versionstamp) => {
        if (this.shared) this.#guard = versionstamp;
        for (const [text, { counts, stored }] of merged) this.#cache.set(text, { counts, stored });
      },
    };
  }

  /** Drops what is remembered of all records: their state in the database is uncertain. */
  forget(): void {
    this.#cache.clear();
    this.#guard = undefined;
  }

  /** Records that these write sets set or delete as such, by the text of their keys. */
  replacedBy(writes: readonly WriteSet[]): string[] {
    const texts: string[] = [];
    for (const { mutations } of writes) {
      for (const m of mutations) {
        if (m.type !== "set" && m.type !== "delete") continue;
        if (this.#roots.has(m.key[0])) texts.push(keyText(m.key));
      }
    }
    return texts;
  }

  /**
   * They are no longer what is remembered of them. To be said once that is durable: before, an
   * addition under way would bring it back.
   */
  forgetReplaced(texts: readonly string[]): void {
    for (const text of texts) this.#cache.delete(text);
  }

  /** Whether another process changed count records since they were read. */
  async overtaken(): Promise<boolean> {
    if (!this.shared) return false;
    const known = this.#guard;
    await this.#readGuard();
    return known !== this.#guard;
  }

  /** Encoded length, about, of a record as far as it is known. */
  sizeOf(text: string): number {
    const known = this.#cache.peek(text);
    return known ? 4 * known.counts.fields.length + 32 : 256;
  }

  async #readGuard(): Promise<void> {
    const { versionstamp } = await this.kv.get(GUARD);
    if (versionstamp !== this.#guard) this.#cache.clear();
    this.#guard = versionstamp;
  }

  async #apply(
    changes: Map<string, Change>,
    merged: Map<string, Merged>,
    more: WriteSet,
    underWay: MergedCounts | null,
  ): Promise<void> {
    const before = new Map<string, Counts>();
    const missing: [string, Deno.KvKey][] = [];
    for (const [text, { key }] of changes) {
      this.#roots.add(key[0]);
      const known = merged.get(text) ?? underWay?.record(text) ?? this.#cache.get(text);
      if (known) before.set(text, known.counts);
      else missing.push([text, key]);
    }
    if (missing.length > 0) await this.#load(missing, before);
    for (const [text, { key, delta, then }] of changes) {
      const old = before.get(text)!;
      const after = addCounts(old, delta);
      merged.set(text, { key, counts: after });
      then?.({ before: old, after, delta }, more);
    }
  }

  async #load(missing: [string, Deno.KvKey][], into: Map<string, Counts>): Promise<void> {
    const values = await readMany(this.kv, missing.map(([, key]) => key));
    missing.forEach(([text], i) => into.set(text, decodeCounts(values[i])));
  }
}

/** The stored form of a record, which is kept with it when it is large. */
function encode(record: Merged, before: Known | undefined): Uint8Array {
  const { counts } = record;
  if (counts.fields.length < LARGE) return encodeCounts(counts);
  // Additions to counts that are there leave the fields as they are.
  const same = before?.stored && before.counts.fields === counts.fields;
  const stored = same ? recode(before.stored!, before.counts, counts) : null;
  record.stored = stored ?? storedCounts(counts);
  return record.stored.bytes;
}

/** The additions of the write sets, those to one record put together. */
function collect(writes: readonly WriteSet[]): Map<string, Change> {
  const changes = new Map<string, Change>();
  for (const write of writes) {
    for (const m of write.mutations) {
      if (m.type !== "add") continue;
      const text = m.text ??= keyText(m.key);
      const change = changes.get(text);
      if (!change) {
        changes.set(text, { key: m.key, delta: m.delta, own: false, then: m.then });
        continue;
      }
      if (!change.own) change.delta = new Map(change.delta);
      change.own = true;
      const delta = change.delta as Map<number, number>;
      for (const [field, by] of m.delta) delta.set(field, (delta.get(field) ?? 0) + by);
      if (m.then) change.then = m.then;
    }
  }
  return changes;
}
