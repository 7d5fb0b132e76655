import { CountRecords, type MergedCounts } from "./count_records.ts";
import { counterDelta } from "./counter.ts";
import { keyText } from "./key_text.ts";
import { estimateSize } from "./size.ts";
import type { Mutation, WriteSet } from "./write_set.ts";

/** Limits of one atomic operation, kept below Deno KV's own (1000 mutations, 800 KiB, 80 KiB of keys). */
const MAX_MUTATIONS = 900;
const MAX_BYTES = 720 * 1024;
const MAX_KEY_BYTES = 72 * 1024;
const MAX_LOCKED_RETRIES = 40;
const MAX_OVERTAKEN_RETRIES = 100;
/** Mutations kept free for what follows from one change to a count record. */
const CONSEQUENCES = 3;

interface Pending {
  write: WriteSet;
  resolve: (committed: boolean) => void;
  reject: (reason: unknown) => void;
}

export interface DatabaseOptions {
  /** A file, or the `https://` address of a KV Connect server; `:memory:` for tests. */
  path: string;
  /** Checks that one atomic may carry: 10 on a remote database, 100 on a file. */
  maxChecks?: number;
  /** Other processes write to it too. Default: true for an address, false for a file. */
  shared?: boolean;
}

/**
 * One Deno KV handle with group commit: every write set that arrives while a commit is under way
 * goes into the next one, so the price of an fsync is shared and callers wait for at most two.
 * Write sets keep their order and each is all or nothing.
 */
export class Database {
  /** Checks that one write set may carry. */
  readonly maxChecks: number;
  readonly #records: CountRecords;
  #pending: Pending[] = [];
  #pumping: Promise<void> | null = null;
  #closed = false;

  private constructor(readonly kv: Deno.Kv, maxChecks: number, shared: boolean) {
    this.maxChecks = shared ? maxChecks - 1 : maxChecks;
    this.#records = new CountRecords(kv, shared);
  }

  static async open(options: DatabaseOptions): Promise<Database> {
    const remote = /^https?:/.test(options.path);
    const kv = await Deno.openKv(options.path);
    return new Database(kv, options.maxChecks ?? (remote ? 10 : 90), options.shared ?? remote);
  }

  /**
   * Commits a write set durably. False when one of its checks failed; then nothing of it was
   * written. Rejects when the database refuses it (too large, disk full, closed).
   */
  commit(write: WriteSet): Promise<boolean> {
    if (this.#closed) return Promise.reject(new Error("the database is closed"));
    const done = new Promise<boolean>((resolve, reject) => {
      this.#pending.push({ write, resolve, reject });
    });
    this.#pumping ??= this.#pump();
    return done;
  }

  /** Waits for commits under way, then closes the handle. */
  async close(): Promise<void> {
    if (this.#closed) return;
    while (this.#pumping) await this.#pumping;
    this.#closed = true;
    this.kv.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #pump(): Promise<void> {
    await Promise.resolve(); // writes of the same tick share the first commit
    while (this.#pending.length > 0) {
      const batch = this.#takeBatch();
      await this.#commitBatch(batch);
    }
    this.#pumping = null;
  }

  /** The longest run of pending write sets that one atomic can hold without changing their meaning. */
  #takeBatch(): Pending[] {
    const mutated = new Map<string, Mutation["type"]>();
    const checked = new Set<string>();
    let mutations = 0;
    let bytes = 0;
    let keyBytes = 0;
    let count = 0;
    for (const { write } of this.#pending) {
      const checks = write.checks.map((c) => keyText(c.key));
      // A check means "as it is after everything before me": it cannot share an atomic with a
      // change to the same key that comes before it.
      if (count > 0 && checks.some((key) => mutated.has(key))) break;
      const newChecks = checks.filter((key) => !checked.has(key)).length;
      let writeMutations = 0;
      let writeBytes = 0;
      let writeKeyBytes = 0;
      const own = new Map<string, Mutation["type"]>();
      let alone = false;
      for (const m of write.mutations) {
        if (m.type === "ring") continue;
        const key = m.type === "add" ? m.text ??= keyText(m.key) : keyText(m.key);
        const earlier = own.get(key) ?? mutated.get(key);
        own.set(key, m.type);
        // A count record that is replaced or removed shares no atomic with additions to it.
        if (earlier && earlier !== m.type && (earlier === "add" || m.type === "add")) alone = true;
        if (m.type === "set" || m.type === "delete") this.#records.forgetKey(key);
        // Sums and additions to one key become one mutation, so only the first counts.
        if (earlier === m.type && (m.type === "sum" || m.type === "add")) continue;
        const times = m.type === "add" && m.then ? 1 + CONSEQUENCES : 1;
        writeMutations += times;
        writeKeyBytes += (key.length + 8) * times;
        writeBytes += key.length + 8 + this.#sizeOf(m, key);
      }
      const fits = mutations + writeMutations <= MAX_MUTATIONS &&
        bytes + writeBytes <= MAX_BYTES && keyBytes + writeKeyBytes <= MAX_KEY_BYTES &&
        checked.size + newChecks <= this.maxChecks;
      if (count > 0 && (alone || !fits)) break;
      mutations += writeMutations;
      bytes += writeBytes;
      keyBytes += writeKeyBytes;
      for (const [key, type] of own) mutated.set(key, type);
      for (const key of checks) checked.add(key);
      count++;
    }
    return this.#pending.splice(0, count);
  }

  #sizeOf(m: Mutation, key: string): number {
    if (m.type === "set") return estimateSize(m.value);
    return m.type === "add" ? this.#records.sizeOf(key) : 9;
  }

  async #commitBatch(batch: Pending[]): Promise<void> {
    let committed: boolean;
    try {
      committed = await this.#commitAtomic(batch);
    } catch (error) {
      if (batch.length === 1) return batch[0]!.reject(error);
      return await this.#commitHalves(batch);
    }
    if (!committed && batch.length > 1) return await this.#commitHalves(batch);
    for (const { write, resolve, reject } of batch) {
      try {
        if (committed) write.committed();
        resolve(committed);
      } catch (error) {
        reject(error);
      }
    }
  }

  /** Finds the write set that failed, so that its neighbours do not suffer for it. */
  async #commitHalves(batch: Pending[]): Promise<void> {
    const middle = batch.length >> 1;
    await this.#commitBatch(batch.slice(0, middle));
    await this.#commitBatch(batch.slice(middle));
  }

  async #commitAtomic(batch: Pending[]): Promise<boolean> {
    const writes = batch.map(({ write }) => write);
    let merged = await this.#records.merge(writes);
    let overtaken = 0;
    for (let attempt = 0;; attempt++) {
      try {
        const result = await this.#build(batch, merged).commit();
        if (result.ok) {
          merged?.committed(result.versionstamp);
          return true;
        }
        if (!merged || !(await this.#records.overtaken())) return false;
        if (++overtaken > MAX_OVERTAKEN_RETRIES) {
          throw new Error("other processes change the counters faster than this one can");
        }
        merged = await this.#records.merge(writes);
      } catch (error) {
        // Another program holds the file for a moment (a backup tool, a second handle).
        const locked = error instanceof Error && /database is locked|busy/i.test(error.message);
        if (!locked || attempt >= MAX_LOCKED_RETRIES) {
          this.#records.forget(); // whether it was written is unknown
          throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 20 * (attempt + 1)));
      }
    }
  }

  #build(batch: Pending[], merged: MergedCounts | null): Deno.AtomicOperation {
    const atomic = this.kv.atomic();
    const checked = new Set<string>();
    const sums = new Map<string, { key: Deno.KvKey; by: bigint }>();
    const rung = new Set<string>();
    for (const { write } of batch) {
      for (const check of write.checks) {
        const key = keyText(check.key) + "@" + check.versionstamp;
        if (checked.has(key)) continue;
        checked.add(key);
        atomic.check(check as Deno.AtomicCheck);
      }
      for (const m of write.mutations) {
        if (m.type === "set") atomic.set(m.key, m.value);
        else if (m.type === "delete") atomic.delete(m.key);
        else if (m.type === "ring") rung.add(m.queue);
        else if (m.type === "sum") {
          const text = keyText(m.key);
          const sum = sums.get(text);
          if (sum) sum.by += m.by;
          else sums.set(text, { key: m.key, by: m.by });
        }
      }
    }
    for (const { key, by } of sums.values()) {
      if (by !== 0n) atomic.mutate({ type: "sum", key, value: counterDelta(by) });
    }
    merged?.write(atomic);
    for (const queue of rung) atomic.enqueue({ doorbell: queue }, { keysIfUndelivered: [] });
    return atomic;
  }
}
