import type { Database } from "../kv/database.ts";
import { estimateSize } from "../kv/size.ts";
import { type Check, WriteSet } from "../kv/write_set.ts";

/** Outcomes in one write set: well below what one atomic holds. */
const MAX_OUTCOMES = 150;
const MAX_BYTES = 300 * 1024;

interface Open {
  tx: WriteSet;
  outcomes: number;
  bytes: number;
  committed: Promise<boolean>;
  hand: () => void;
}

/**
 * Puts the outcomes of attempts that end in the same moment into one write set with one check of
 * the fence, which is cheaper than one each. Only for outcomes that nothing but a lost session can
 * refuse: those with effects or checks of their own go alone.
 */
export class SharedCommit {
  #open: Open | null = null;

  constructor(readonly db: Database, readonly fence: Check) {}

  /**
   * Adds `record`'s change by `fill`. Resolves as a commit does; when it rejects or is false,
   * nothing of it was written, and the caller goes on alone.
   */
  add(record: unknown, fill: (tx: WriteSet) => void): Promise<boolean> {
    const open = this.#open ??= this.#begin();
    fill(open.tx);
    open.bytes += estimateSize(record);
    if (++open.outcomes >= MAX_OUTCOMES || open.bytes >= MAX_BYTES) open.hand();
    return open.committed;
  }

  #begin(): Open {
    const tx = new WriteSet().check(this.fence.key, this.fence.versionstamp);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const hand = () => {
      if (this.#open !== open) return; // it was full before its moment was over
      this.#open = null;
      resolve(this.db.commit(tx));
    };
    const open: Open = { tx, outcomes: 0, bytes: 0, committed: promise, hand };
    queueMicrotask(hand);
    return open;
  }
}
