import type { Database } from "../kv/database.ts";
import { counterValue } from "../kv/counter.ts";
import { type Check, WriteSet } from "../kv/write_set.ts";
import type { FairOrder } from "./fair_order.ts";
import type { Level } from "./job_list.ts";
import { restoreTurns } from "./levels.ts";
import { depthKey, servedKey } from "./keys.ts";

/** Keys read at once. */
const READ = 10;

/**
 * Virtual time between processes. Who serves a queue tells up to which turn; who only enqueues reads
 * that, and whether jobs wait, so that its jobs take the turns that they would get there.
 */
export class ServedTurns {
  /** What was told last, by level. */
  readonly #told = new Map<string, number>();
  readonly #heard = new Set<string>();
  readonly #backlogged = new Set<string>();

  constructor(readonly db: Database, readonly fair: FairOrder) {}

  /** Whether jobs of a level waited when it was last read. */
  isBacklogged(queue: string, priority: number): boolean {
    return this.#backlogged.has(queue + priority);
  }

  /** Tells how far the levels served here are, where that is new. */
  async tell(levels: readonly Level[], fence: Check): Promise<void> {
    const tx = new WriteSet().check(fence.key, fence.versionstamp);
    for (const { queue, shard, priority } of levels) {
      const served = this.fair.servedOf(queue, priority);
      if (this.#told.get(queue + priority) === served) continue;
      this.#told.set(queue + priority, served);
      tx.set(servedKey(queue, shard, priority), served);
    }
    if (tx.mutations.length > 0) await this.db.commit(tx);
  }

  /** Reads how far the levels served elsewhere are. */
  async hear(levels: readonly Level[]): Promise<void> {
    const unheard = levels.filter(({ queue, priority }) => !this.#heard.has(queue + priority));
    // Jobs without a key line up behind those that are there already.
    await restoreTurns(this.db.kv, unheard, this.fair);
    for (const { queue, priority } of unheard) this.#heard.add(queue + priority);
    for (let from = 0; from < levels.length; from += READ / 2) {
      const some = levels.slice(from, from + READ / 2);
      const entries = await this.db.kv.getMany<(number | Deno.KvU64)[]>(
        some.flatMap(({ queue, shard, priority }) => [
          servedKey(queue, shard, priority),
          depthKey(queue, "available", priority),
        ]),
      );
      some.forEach(({ queue, priority }, i) => {
        const served = entries[2 * i]!.value;
        if (typeof served === "number") this.fair.serve(queue, priority, served);
        if (counterValue(entries[2 * i + 1]!.value) > 0) this.#backlogged.add(queue + priority);
        else this.#backlogged.delete(queue + priority);
      });
    }
  }
}
