import { Batch, buildAtomic, type Pending } from "./batch.ts";
import { CountRecords } from "./count_records.ts";
import { Reads } from "./reads.ts";
import type { WriteSet } from "./write_set.ts";

const MAX_LOCKED_RETRIES = 40;
const MAX_OVERTAKEN_RETRIES = 100;
/** From so many mutations on, a commit need not wait for the one before. */
const LARGE = 200;
const MAX_FLIGHTS = 2;

export interface DatabaseOptions {
  /**
   * A file, or the `https://` address of a KV Connect server; `:memory:` for tests. Absent: the
   * database that the platform gives the program, as on Deno Deploy.
   */
  path?: string;
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
  readonly #reads: Reads;
  #pending: Pending[] = [];
  #queuedMutations = 0;
  /** A batch that must wait for those under way. */
  #held: Batch | null = null;
  #flights: Batch[] = [];
  /** Resolves when the callers of every commit begun so far have been told. */
  #told: Promise<void> = Promise.resolve();
  #scheduled = false;
  readonly #whenIdle: (() => void)[] = [];
  /** Settles at the end of what runs alone; commits wait for it. */
  #alone: Promise<unknown> | null = null;
  #closed = false;

  private constructor(readonly kv: Deno.Kv, maxChecks: number, shared: boolean) {
    this.maxChecks = shared ? maxChecks - 1 : maxChecks;
    this.#records = new CountRecords(kv, shared);
    this.#reads = new Reads(kv);
  }

  static async open(options: DatabaseOptions): Promise<Database> {
    const remote = /^https?:/.test(options.path ?? "");
    const kv = await Deno.openKv(options.path);
    return new Database(kv, options.maxChecks ?? (remote ? 10 : 90), options.shared ?? remote);
  }

  /**
   * Commits a write set durably. False when one of its checks failed; then nothing of it was
   * written. Rejects when the database refuses it (too large, disk full, closed).
   */
  commit(write: WriteSet): Promise<boolean> {
    if (this.#closed) return Promise.reject(new Error("the database is closed"));
    return new Promise<boolean>((resolve, reject) => {
      this.#pending.push({ write, resolve, reject });
      this.#queuedMutations += write.mutations.length;
      if (this.#scheduled) return;
      this.#scheduled = true;
      queueMicrotask(() => this.#advance()); // writes of the same tick share the first commit
    });
  }

  /** One entry, read together with others that are asked for at the same time. */
  get<T>(key: Deno.KvKey): Promise<Deno.KvEntryMaybe<T>> {
    return this.#reads.get<T>(key);
  }

  /**
   * Runs `work`, which needs the file to itself: those commits that are under way end before, and
   * all that come meanwhile wait.
   */
  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    while (this.#alone) await this.#alone.catch(() => {});
    const turn = (async () => {
      while (this.#flights.length > 0) await new Promise<void>((go) => this.#whenIdle.push(go));
      return await work();
    })();
    this.#alone = turn;
    try {
      return await turn;
    } finally {
      this.#alone = null;
      this.#advance();
    }
  }

  /** Waits for commits under way, then closes the handle. */
  async close(): Promise<void> {
    if (this.#closed) return;
    while (this.#alone) await this.#alone.catch(() => {});
    while (this.#flights.length > 0 || this.#pending.length > 0 || this.#held) {
      await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
    }
    this.#closed = true;
    this.kv.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Hands over what has queued up: at once when nothing is under way, otherwise only a large batch
   * that the one under way cannot affect. SQLite takes commits in the order of the calls, so it
   * need not idle while the next is put together. Small batches wait, to become large.
   */
  #advance(): void {
    this.#scheduled = false;
    if (this.#alone) return;
    for (;;) {
      const under = this.#flights.length;
      if (under > 0 && (this.#held || this.#queuedMutations < LARGE)) return;
      if (under >= MAX_FLIGHTS) return;
      if (!this.#held && this.#pending.length === 0) return;
      const batch = this.#held ?? this.#takeBatch();
      this.#held = null;
      if (!this.#flights.every((other) => batch.commutesWith(other))) {
        this.#held = batch;
        return;
      }
      this.#flights.push(batch);
      // Commits under way together may be told of in any order; callers learn of them in theirs.
      this.#told = this.#commitBatch(batch.items, this.#told, () => this.#land(batch)).finally(
        () => {
          this.#land(batch);
          this.#advance();
          if (this.#flights.length === 0) { for (const wake of this.#whenIdle.splice(0)) wake(); }
        },
      );
    }
  }

  #land(batch: Batch): void {
    const index = this.#flights.indexOf(batch);
    if (index >= 0) this.#flights.splice(index, 1);
  }

  #takeBatch(): Batch {
    const batch = new Batch(this.#records, this.maxChecks);
    let count = 0;
    while (count < this.#pending.length && batch.add(this.#pending[count]!)) count++;
    for (const { write } of this.#pending.splice(0, count)) {
      this.#queuedMutations -= write.mutations.length;
    }
    return batch;
  }

  /**
   * Commits, and tells the callers after those who were `toldBefore`. `landed` is called once all of
   * it is durable, before anybody hears of it.
   */
  async #commitBatch(
    batch: Pending[],
    toldBefore: Promise<void>,
    landed?: () => void,
  ): Promise<void> {
    let committed: boolean;
    try {
      committed = await this.#commitAtomic(batch);
    } catch (error) {
      await toldBefore;
      if (batch.length === 1) return batch[0]!.reject(error);
      return await this.#commitHalves(batch);
    }
    await toldBefore;
    if (!committed && batch.length > 1) return await this.#commitHalves(batch);
    landed?.();
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
    const nobody = Promise.resolve();
    await this.#commitBatch(batch.slice(0, middle), nobody);
    await this.#commitBatch(batch.slice(middle), nobody);
  }

  async #commitAtomic(batch: Pending[]): Promise<boolean> {
    const writes = batch.map(({ write }) => write);
    let merged = await this.#records.merge(writes);
    const replaced = this.#records.replacedBy(writes);
    // What follows from one write set's addition may not know what another does to the record.
    if (writes.length > 1 && replaced.some((text) => merged?.changes(text))) return false;
    let overtaken = 0;
    for (let attempt = 0;; attempt++) {
      try {
        const result = await buildAtomic(this.kv, batch, merged).commit();
        if (result.ok) {
          merged?.committed(result.versionstamp);
          this.#records.forgetReplaced(replaced);
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
}
