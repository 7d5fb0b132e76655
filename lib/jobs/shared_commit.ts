import type { Database } from "../kv/database.ts";
import { estimateSize } from "../kv/size.ts";
import { type Check, WriteSet } from "../kv/write_set.ts";

/** Outcomes in one write set: well below what one atomic holds. */
const MAX_OUTCOMES = 150;
const MAX_BYTES = 300 * 1024;

interface Open {
  tx: WriteSet;
  told: ((committed: boolean) => void)[];
  bytes: number;
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
   * Adds what `write` adds. `told` hears once whether it is durable; when it is not, nothing of it
   * was written, and the caller goes on alone.
   */
  add(write: (tx: WriteSet) => void, told: (committed: boolean) => void): void {
    const open = this.#open ??= this.#begin();
    const { mutations } = open.tx;
    const from = mutations.length;
    write(open.tx);
    for (let index = from; index < mutations.length; index++) {
      const m = mutations[index]!;
      if (m.type === "set") open.bytes += m.size ??= estimateSize(m.value);
    }
    open.told.push(told);
    if (open.told.length >= MAX_OUTCOMES || open.bytes >= MAX_BYTES) this.#hand(open);
  }

  #begin(): Open {
    const tx = new WriteSet().check(this.fence.key, this.fence.versionstamp);
    const open: Open = { tx, told: [], bytes: 0 };
    queueMicrotask(() => this.#hand(open));
    return open;
  }

  #hand(open: Open): void {
    if (this.#open !== open) return; // it was full before its moment was over
    this.#open = null;
    const tell = (committed: boolean) => {
      for (const told of open.told) told(committed);
    };
    this.db.commit(open.tx).then(tell, () => tell(false));
  }
}
