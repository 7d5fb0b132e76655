import type { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";

const KEY: Deno.KvKey = ["health", "since"];

/**
 * When the first service that noted it was opened on this database (ms UTC), which is noted now if
 * none was.
 */
export async function firstStart(db: Database, now: number): Promise<number> {
  const noted = async () => (await db.kv.get<number>(KEY)).value;
  const known = await noted();
  if (known !== null) return known;
  await db.commit(new WriteSet().check(KEY, null).set(KEY, now));
  return await noted() ?? now;
}
