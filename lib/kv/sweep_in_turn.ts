import type { Database } from "./database.ts";
import { WriteSet } from "./write_set.ts";

/** What is swept, and how much of it at a time. */
export interface SweepInTurn<T> {
  prefix: Deno.KvKey;
  /** Where the last part of the key that was looked at last is kept from call to call. */
  cursorKey: Deno.KvKey;
  /** Entries looked at in one call. */
  limit: number;
  /** Whether an entry may go, if it is as old as that. */
  isOver: (value: T, id: string) => boolean | Promise<boolean>;
  /** Adds what goes with it. */
  remove: (tx: WriteSet, id: string) => void | Promise<void>;
}

/** Entries after which it is noted how far the sweep is. */
const NOTE_EVERY = 200;

/**
 * Forgets entries that are over, some in each call: it goes on where the last one stopped, also when
 * that was killed, and begins anew after the last entry. So those that never end hide nothing behind
 * them. Resolves with how many went.
 */
export async function sweepInTurn<T>(db: Database, options: SweepInTurn<T>): Promise<number> {
  const { prefix, cursorKey, limit, isOver, remove } = options;
  const after = (await db.kv.get<string>(cursorKey)).value;
  const selector = after === null ? { prefix } : { prefix, start: [...prefix, after + "\0"] };
  let looked = 0;
  let swept = 0;
  for await (const { key, value, versionstamp } of db.kv.list<T>(selector, { limit })) {
    const id = String(key.at(-1));
    const tx = new WriteSet();
    const over = await isOver(value, id);
    if (over) {
      // Checked, since it may have come to life again; and last, so that a cut leaves it to be found.
      await remove(tx, id);
      tx.check(key, versionstamp).delete(key);
    }
    if (++looked % NOTE_EVERY === 0 || looked === limit) tx.set(cursorKey, id);
    if (tx.mutations.length > 0 && await db.commit(tx) && over) swept++;
  }
  if (looked < limit && (after !== null || looked >= NOTE_EVERY)) {
    await db.commit(new WriteSet().delete(cursorKey));
  }
  return swept;
}
