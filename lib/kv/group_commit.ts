import { AtomicCommits } from "./atomic_commits.ts";
import { Batch, type Pending } from "./batch.ts";
import { Flight } from "./flight.ts";
import type { WriteSet } from "./write_set.ts";

/** From so many mutations on, a commit need not wait for the one before. */
const LARGE = 200;
const MAX_FLIGHTS = 2;

/**
 * Every write set that arrives while a commit is under way goes into the next one, so the price of
 * an fsync is shared and callers wait for at most two. Write sets keep their order and each is all
 * or nothing.
 */
export class GroupCommit {
  readonly #commits: AtomicCommits;
  #pending: Pending[] = [];
  #queuedMutations = 0;
  /** A batch that must wait for those under way. */
  #held: Batch | null = null;
  #flights: Flight[] = [];
  /** Resolves when the callers of every commit begun so far have been told. */
  #told: Promise<void> = Promise.resolve();
  #scheduled = false;
  #stopped = false;
  readonly #whenLanded: (() => void)[] = [];

  /** `maxChecks`: how many one atomic operation may carry. */
  constructor(kv: Deno.Kv, readonly maxChecks: number, shared: boolean) {
    this.#commits = new AtomicCommits(kv, shared);
  }

  /** False when a check failed; rejects when the database refuses it. */
  commit(write: WriteSet): Promise<boolean> {
    return new Promise<boolean>((resolve, reject) => {
      this.#pending.push({ write, resolve, reject });
      this.#queuedMutations += write.mutations.length;
      if (this.#scheduled) return;
      this.#scheduled = true;
      queueMicrotask(() => this.#advance()); // writes of the same tick share the first commit
    });
  }

  /** Lets commits under way end, and others wait until `goOn`. */
  async stop(): Promise<void> {
    this.#stopped = true;
    while (this.#flights.length > 0) await this.#landed();
  }

  goOn(): void {
    this.#stopped = false;
    this.#advance();
  }

  /** When nothing waits or is under way. */
  async idle(): Promise<void> {
    while (this.#flights.length > 0 || this.#pending.length > 0 || this.#held) {
      await this.#landed();
    }
  }

  #landed(): Promise<void> {
    return new Promise((resolve) => this.#whenLanded.push(resolve));
  }

  /**
   * Hands over what has queued up: at once when nothing is under way, otherwise only a large batch,
   * which the one under way cannot affect or which happens only after that. SQLite takes commits in
   * the order of the calls, so it need not idle while the next is put together. Small batches wait,
   * to become large.
   */
  #advance(): void {
    this.#scheduled = false;
    if (this.#stopped) return;
    for (;;) {
      const under = this.#flights.length;
      if (under > 0 && (this.#held || this.#queuedMutations < LARGE)) return;
      if (under >= MAX_FLIGHTS) return;
      if (!this.#held && this.#pending.length === 0) return;
      const batch = this.#held ?? this.#takeBatch();
      const before = this.#flights[0];
      const follows = before && !batch.commutesWith(before.batch) ? before : null;
      this.#held = follows && !this.#commits.canFollow(follows) ? batch : null;
      if (this.#held) return;
      this.#begin(new Flight(batch, follows));
    }
  }

  /** Commits under way together may be told of in any order; callers learn of them in theirs. */
  #begin(flight: Flight): void {
    this.#flights.push(flight);
    flight.told = this.#commitBatch(flight.batch.items, this.#told, flight).finally(() => {
      flight.end();
      this.#land(flight);
      this.#advance();
      if (this.#flights.length === 0) { for (const wake of this.#whenLanded.splice(0)) wake(); }
    });
    this.#told = flight.told;
  }

  #land(flight: Flight): void {
    const index = this.#flights.indexOf(flight);
    if (index >= 0) this.#flights.splice(index, 1);
  }

  #takeBatch(): Batch {
    const batch = new Batch(this.#commits.records, this.maxChecks);
    let count = 0;
    while (count < this.#pending.length && batch.add(this.#pending[count]!)) count++;
    for (const { write } of this.#pending.splice(0, count)) {
      this.#queuedMutations -= write.mutations.length;
    }
    return batch;
  }

  /**
   * Commits, and tells the callers after those who were `toldBefore`. A flight has landed once all of
   * it is durable, before anybody hears of it.
   */
  async #commitBatch(
    batch: Pending[],
    toldBefore: Promise<void>,
    flight?: Flight,
  ): Promise<void> {
    let committed: boolean;
    try {
      committed = await this.#commits.commit(batch, flight);
    } catch (error) {
      await toldBefore;
      if (batch.length === 1) return batch[0]!.reject(error);
      return await this.#commitHalves(batch);
    }
    await toldBefore;
    if (!committed && batch.length > 1) return await this.#commitHalves(batch);
    if (flight) this.#land(flight);
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
}
