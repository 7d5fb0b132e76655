import type { Database } from "../kv/database.ts";
import type { WriteSet } from "../kv/write_set.ts";
import type { FairOrder } from "./fair_order.ts";
import { PRIORITIES } from "./job.ts";
import { turnOf } from "./job_id.ts";
import type { Level } from "./job_list.ts";
import { allLevelsPrefix, levelKey } from "./keys.ts";
import { lastSuffix } from "./shard_reader.ts";

/** Which priority levels of which queues have ever held a job; nobody looks at the others. */
export class Levels {
  readonly #known = new Map<string, Level>();
  /** Levels whose first job is being committed, and the write set that notes them. */
  readonly #noting = new Map<string, WriteSet>();

  constructor(readonly db: Database) {}

  get all(): Level[] {
    return [...this.#known.values()];
  }

  /** The priorities in use of a queue. */
  of(queue: string): number[] {
    return PRIORITIES.filter((priority) => this.#known.has(nameOf(queue, priority)));
  }

  async load(): Promise<void> {
    for await (const { key } of this.db.kv.list({ prefix: allLevelsPrefix })) {
      const [queue, shard, priority] = key.slice(-3) as [string, number, number];
      this.#known.set(nameOf(queue, priority), { queue, shard, priority });
    }
  }

  /** Adds to `tx` that a level is in use, with the first job in it. */
  note(tx: WriteSet, level: Level): void {
    const name = nameOf(level.queue, level.priority);
    if (this.#known.has(name) || this.#noting.get(name) === tx) return;
    this.#noting.set(name, tx);
    tx.set(levelKey(level.queue, level.shard, level.priority), 1);
    tx.afterCommit(() => {
      this.#known.set(name, level);
      this.#noting.delete(name);
    });
  }

  /** Tells the order what is stored, so that new jobs line up behind it. */
  restore(fair: FairOrder): Promise<void> {
    return restoreTurns(this.db.kv, this.all, fair);
  }
}

/** Tells the order what is stored of some levels; see `Levels.restore`. */
export async function restoreTurns(
  kv: Deno.Kv,
  levels: readonly Level[],
  fair: FairOrder,
): Promise<void> {
  await Promise.all(levels.map(async ({ queue, shard, priority }) => {
    const last = await lastSuffix(kv, queue, shard, priority);
    if (last) fair.restore(queue, priority, turnOf(last));
  }));
}

const nameOf = (queue: string, priority: number): string => `${queue}/${priority}`;
