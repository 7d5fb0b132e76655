import { GroupCommit } from "./group_commit.ts";
import { isAddress, openKv } from "./open_kv.ts";
import { Reads } from "./reads.ts";
import type { WriteSet } from "./write_set.ts";

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
 * A Deno KV database with group commit: write sets that arrive while a commit is under way share the
 * next one.
 */
export class Database {
  /** Checks that one write set may carry. */
  readonly maxChecks: number;
  readonly #group: GroupCommit;
  readonly #reads: Reads;
  /** Settles at the end of what runs alone; commits wait for it. */
  #alone: Promise<unknown> | null = null;
  #closed = false;

  private constructor(readonly kv: Deno.Kv, maxChecks: number, shared: boolean) {
    this.maxChecks = maxChecks - 1; // one is for what guards the count records
    this.#group = new GroupCommit(kv, this.maxChecks, shared);
    this.#reads = new Reads(kv);
  }

  static async open(options: DatabaseOptions): Promise<Database> {
    const remote = isAddress(options.path);
    const kv = await openKv(options.path);
    return new Database(kv, options.maxChecks ?? (remote ? 10 : 90), options.shared ?? remote);
  }

  /**
   * Commits a write set durably. False when one of its checks failed; then nothing of it was
   * written. Rejects when the database refuses it (too large, disk full, closed).
   */
  commit(write: WriteSet): Promise<boolean> {
    if (this.#closed) return Promise.reject(new Error("the database is closed"));
    return this.#group.commit(write);
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
    const turn = this.#group.stop().then(work);
    this.#alone = turn;
    try {
      return await turn;
    } finally {
      this.#alone = null;
      this.#group.goOn();
    }
  }

  /** Waits for commits under way, then closes the handle. */
  async close(): Promise<void> {
    if (this.#closed) return;
    while (this.#alone) await this.#alone.catch(() => {});
    await this.#group.idle();
    this.#closed = true;
    this.kv.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
