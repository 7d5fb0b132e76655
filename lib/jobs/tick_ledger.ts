import type { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";

/** How a tick came to be fired. */
export type TickKind = "fired" | "backfilled" | "manual" | "skipped";

/** One line of the ledger. */
export interface TickRecord {
  tick: number;
  firedAt: number;
  kind: TickKind;
  by: string;
  /** The job it queued; empty when it was skipped. */
  taskId: string;
  /** Ticks that passed unfired before this one, while nothing ran. */
  missed: number;
}

/** Who holds a schedule back, and since when. */
export interface SchedulePause {
  by: string;
  at: number;
}

const pausedKey = (name: string): Deno.KvKey => ["schedule", "paused", name];
const tickKey = (name: string, tick: number): Deno.KvKey => ["schedule", "tick", name, tick];
const lastKey = (name: string): Deno.KvKey => ["schedule", "last", name];
/** A tick's mark is kept this long; nothing fires a tick that old again. */
const LEDGER_MS = 40 * 86_400_000;
const MAX_SWEEP = 500;

/** What is stored of schedules: each tick that was fired or skipped, the last one, and pauses. */
export class TickLedger {
  constructor(readonly db: Database) {}

  async last(name: string): Promise<TickRecord | null> {
    return (await this.db.get<TickRecord>(lastKey(name))).value;
  }

  async paused(name: string): Promise<SchedulePause | null> {
    return (await this.db.get<SchedulePause>(pausedKey(name))).value;
  }

  async pause(name: string, pause: SchedulePause): Promise<void> {
    await this.db.commit(new WriteSet().set(pausedKey(name), pause));
  }

  async resume(name: string): Promise<void> {
    await this.db.commit(new WriteSet().delete(pausedKey(name)));
  }

  /** Adds a line to `tx`, whose commit fails when the tick has one already. */
  add(tx: WriteSet, name: string, record: TickRecord): void {
    tx.check(tickKey(name, record.tick), null).set(tickKey(name, record.tick), record);
  }

  /** Adds to `tx` what is remembered as the last tick. */
  setLast(tx: WriteSet, name: string, record: TickRecord): void {
    tx.set(lastKey(name), record);
  }

  /** The lines of a schedule, newest first. */
  async lines(name: string, limit: number): Promise<TickRecord[]> {
    const range = { start: tickKey(name, 0), end: tickKey(name, Infinity) };
    const entries = this.db.kv.list<TickRecord>(range, { reverse: true, limit });
    return await Array.fromAsync(entries, (entry) => entry.value);
  }

  /** Removes lines that nothing can need any more, at most 500 and one of each schedule. */
  async sweep(names: Iterable<string>, now: number): Promise<number> {
    const tx = new WriteSet();
    for (const name of names) {
      const entries = this.db.kv.list({
        start: tickKey(name, 0),
        end: tickKey(name, now - LEDGER_MS),
      }, { limit: Math.max(1, MAX_SWEEP - tx.mutations.length) });
      for await (const { key } of entries) tx.delete(key);
    }
    await this.db.commit(tx);
    return tx.mutations.length;
  }
}
