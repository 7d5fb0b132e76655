import { counterDelta } from "./counter.ts";
import type { CountRecords, MergedCounts } from "./count_records.ts";
import { keyText } from "./key_text.ts";
import { estimateSize } from "./size.ts";
import { Touched } from "./touched.ts";
import type { Mutation, WriteSet } from "./write_set.ts";

/** Limits of one atomic operation, kept below Deno KV's own (1000 mutations, 800 KiB, 80 KiB of keys). */
const MAX_MUTATIONS = 900;
const MAX_BYTES = 720 * 1024;
const MAX_KEY_BYTES = 72 * 1024;
/** Mutations kept free for what follows from one change to a count record. */
const CONSEQUENCES = 3;

/** A write set that waits for its commit, and whoever waits for it. */
export interface Pending {
  write: WriteSet;
  resolve: (committed: boolean) => void;
  reject: (reason: unknown) => void;
}

/** What a write set adds to a batch. */
interface Weight {
  mutations: number;
  bytes: number;
  keyBytes: number;
  /** Counters by their key and count records by its text: each weighs once. */
  counted: Set<Deno.KvKey | string>;
}

/** The longest run of write sets that one atomic can hold without changing their meaning. */
export class Batch {
  readonly items: Pending[] = [];
  /** Keys that it sets, deletes or counts in, and keys that it checks. */
  readonly touched = new Touched();
  readonly #checked = new Map<string, Deno.KvKey>();
  /** Counters by identity of their key, which is shared where many write sets count the same. */
  readonly #summed = new Set<Deno.KvKey>();
  #mutations = 0;
  #bytes = 0;
  #keyBytes = 0;

  constructor(readonly records: CountRecords, readonly maxChecks: number) {}

  get mutations(): number {
    return this.#mutations;
  }

  /**
   * Takes one more, or says false: then it belongs into the next batch, and nothing else may be
   * added to this one. The first is always taken.
   */
  add(item: Pending): boolean {
    const { write } = item;
    const first = this.items.length === 0;
    const newChecks = new Map<string, Deno.KvKey>();
    for (const check of write.checks) {
      // A check means "as it is after everything before me": it cannot share an atomic with a
      // change to the same key that comes before it.
      if (!first && this.touched.typeOf(check.key)) return false;
      const text = keyText(check.key);
      if (!this.#checked.has(text)) newChecks.set(text, check.key);
    }
    if (!first && this.#checked.size + newChecks.size > this.maxChecks) return false;
    // Nothing of a write set that is refused may stay behind: this batch would seem to contradict
    // the next one, which begins with it, and the two could not be under way together.
    const weight = this.#weigh(write.mutations);
    if (!weight || !(first || this.#hasRoom(weight))) return false;
    this.#take(write.mutations, weight);
    for (const [text, key] of newChecks) this.#checked.set(text, key);
    this.items.push(item);
    return true;
  }

  /** True when it makes no difference which of the two is committed first. */
  commutesWith(other: Batch): boolean {
    if (this.touched.additions || other.touched.additions) return false;
    for (const key of this.#checked.values()) if (other.touched.typeOf(key)) return false;
    for (const key of other.#checked.values()) if (this.touched.typeOf(key)) return false;
    return !this.touched.overlaps(other.touched);
  }

  /** What these would add, or null when one of them contradicts what is here. */
  #weigh(mutations: readonly Mutation[]): Weight | null {
    const weight: Weight = { mutations: 0, bytes: 0, keyBytes: 0, counted: new Set() };
    for (const m of mutations) {
      if (m.type === "ring") continue;
      if (m.type === "sum") {
        // Sums of one counter become one mutation, so only the first weighs.
        if (this.#summed.has(m.key) || weight.counted.has(m.key)) continue;
        weight.counted.add(m.key);
      }
      if (m.type === "add" || this.touched.hasAdditions(m.key)) {
        // A count record that is replaced or removed shares no atomic with additions to it.
        const earlier = this.touched.typeOf(m.key);
        if (m.type === "add" && earlier === "add") continue;
        if (earlier && earlier !== m.type && (earlier === "add" || m.type === "add")) return null;
      }
      if (m.type === "add") {
        const text = m.text ??= keyText(m.key);
        if (weight.counted.has(text)) continue;
        weight.counted.add(text);
      }
      const times = m.type === "add" && m.then ? 1 + CONSEQUENCES : 1;
      const keyBytes = keySize(m.key);
      weight.mutations += times;
      weight.keyBytes += keyBytes * times;
      weight.bytes += keyBytes + this.#sizeOf(m);
    }
    return weight;
  }

  #hasRoom(more: Weight): boolean {
    return this.#mutations + more.mutations <= MAX_MUTATIONS &&
      this.#bytes + more.bytes <= MAX_BYTES && this.#keyBytes + more.keyBytes <= MAX_KEY_BYTES;
  }

  #take(mutations: readonly Mutation[], weight: Weight): void {
    this.#mutations += weight.mutations;
    this.#bytes += weight.bytes;
    this.#keyBytes += weight.keyBytes;
    for (const m of mutations) {
      if (m.type === "ring") continue;
      if (m.type === "sum") {
        if (this.#summed.has(m.key)) continue;
        this.#summed.add(m.key);
      }
      this.touched.note(m);
    }
  }

  #sizeOf(m: Mutation): number {
    if (m.type === "set") return m.size ??= estimateSize(m.value);
    return m.type === "add" ? this.records.sizeOf(m.text ??= keyText(m.key)) : 9;
  }
}

/** About what a key takes when stored. */
function keySize(key: Deno.KvKey): number {
  let bytes = 8;
  for (let i = 0; i < key.length; i++) {
    const part = key[i]!;
    bytes += typeof part === "string" || part instanceof Uint8Array ? part.length + 2 : 9;
  }
  return bytes;
}

/** The atomic operation of these write sets together, in their order. */
export function buildAtomic(
  kv: Deno.Kv,
  items: readonly Pending[],
  merged: MergedCounts | null,
): Deno.AtomicOperation {
  const atomic = kv.atomic();
  const checked = new Set<string>();
  const sums = new Map<Deno.KvKey, number>();
  const rung = new Set<string>();
  for (const { write } of items) {
    for (const check of write.checks) {
      const text = keyText(check.key) + "@" + check.versionstamp;
      if (checked.has(text)) continue;
      checked.add(text);
      atomic.check(check as Deno.AtomicCheck);
    }
    for (const m of write.mutations) {
      if (m.type === "set") atomic.set(m.key, m.value);
      else if (m.type === "delete") atomic.delete(m.key);
      else if (m.type === "ring") rung.add(m.queue);
      else if (m.type === "sum") sums.set(m.key, (sums.get(m.key) ?? 0) + m.by);
    }
  }
  for (const { key, by } of byText(sums)) {
    if (by !== 0) atomic.mutate({ type: "sum", key, value: counterDelta(by) });
  }
  merged?.write(atomic);
  for (const queue of rung) atomic.enqueue({ doorbell: queue }, { keysIfUndelivered: [] });
  return atomic;
}

/** One sum for each counter, also where its key was made anew. */
function byText(sums: Map<Deno.KvKey, number>): Iterable<{ key: Deno.KvKey; by: number }> {
  const merged = new Map<string, { key: Deno.KvKey; by: number }>();
  for (const [key, by] of sums) {
    const text = keyText(key);
    const known = merged.get(text);
    if (known) known.by += by;
    else merged.set(text, { key, by });
  }
  return merged.values();
}
