import type { Database } from "./database.ts";
import { WriteSet } from "./write_set.ts";

const BATCH = 500;

/**
 * Deletes the keys `[...prefix, part]` with `part` below `before`, in batches of 500, at most `limit`
 * of them; the next call goes on. Gives how many it deleted.
 */
export async function sweepBefore(
  db: Database,
  prefix: Deno.KvKey,
  before: Deno.KvKeyPart,
  limit = 10_000,
): Promise<number> {
  let deleted = 0;
  while (deleted < limit) {
    const write = new WriteSet();
    const range = { prefix, end: [...prefix, before] };
    const batch = Math.min(BATCH, limit - deleted);
    for await (const entry of db.kv.list(range, { limit: batch, batchSize: batch })) {
      write.delete(entry.key);
    }
    if (write.empty) break;
    await db.commit(write);
    deleted += write.mutations.length;
  }
  return deleted;
}
