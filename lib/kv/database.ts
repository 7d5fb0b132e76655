import { counterDelta } from "./counter.ts";
import { keyText } from "./key_text.ts";
import { estimateSize } from "./size.ts";
import type { WriteSet } from "./write_set.ts";

/** Limits of one atomic operation, kept below Deno KV's own (1000 mutations, 800 KiB, 80 KiB of keys). */
const MAX_MUTATIONS = 900;
const MAX_BYTES = 720 * 1024;
const MAX_KEY_BYTES = 72 * 1024;
const MAX_LOCKED_RETRIES = 40;

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
}

/**
 * One Deno KV handle with group commit: every write set that arrives while a commit is under way
 * goes into the next one, so the price of an fsync is shared and callers wait for at most two.
 * Write sets keep their order and each is all or nothing.
 */
export class Database {
  #pending: Pending[] = [];
  #pumping: Promise<void> | null = null;
  #closed = false;

  private constructor(
    readonly kv: Deno.Kv,
    /** Checks that one write set may carry. */
    readonly maxChecks: number,
  ) {}

  static async open(options: DatabaseOptions): Promise<Database> {
    const remote = /^https?:/.test(options.path);
    const kv = await Deno.openKv(options.path);
    return new Database(kv, options.maxChecks ?? (remote ? 10 : 90));
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
    const mutated = new Set<string>();
    const checked = new Set<string>();
    const summed = new Set<string>();
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
      let writeBytes = 0;
      let writeKeyBytes = 0;
      let writeMutations = 0;
      const keys: string[] = [];
      for (const m of write.mutations) {
        if (m.type === "ring") continue;
        const key = keyText(m.key);
        keys.push(key);
        if (m.type === "sum") {
          if (summed.has(key)) continue; // one sum a key and batch
          summed.add(key);
        }
        writeMutations++;
        writeKeyBytes += key.length + 8;
        writeBytes += key.length + 8 + (m.type === "set" ? estimateSize(m.value) : 9);
      }
      const fits = mutations + writeMutations <= MAX_MUTATIONS &&
        bytes + writeBytes <= MAX_BYTES && keyBytes + writeKeyBytes <= MAX_KEY_BYTES &&
        checked.size + newChecks <= this.maxChecks;
      if (count > 0 && !fits) break;
      mutations += writeMutations;
      bytes += writeBytes;
      keyBytes += writeKeyBytes;
      for (const key of keys) mutated.add(key);
      for (const key of checks) checked.add(key);
      count++;
    }
    return this.#pending.splice(0, count);
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
    for (let attempt = 0;; attempt++) {
      try {
        return (await this.#build(batch).commit()).ok;
      } catch (error) {
        // Another program holds the file for a moment (a backup tool, a second handle).
        const locked = error instanceof Error && /database is locked|busy/i.test(error.message);
        if (!locked || attempt >= MAX_LOCKED_RETRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 20 * (attempt + 1)));
      }
    }
  }

  #build(batch: Pending[]): Deno.AtomicOperation {
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
        else {
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
    for (const queue of rung) atomic.enqueue({ doorbell: queue }, { keysIfUndelivered: [] });
    return atomic;
  }
}
