import type { Database } from "./database.ts";
import { estimateSize } from "./size.ts";
import { WriteSet } from "./write_set.ts";

/** Version of the key map. Raise it together with a migration. */
export const SCHEMA_VERSION = 3;

/** One step forward. It may be run again after it was interrupted, so it must bear that. */
export interface Migration {
  /** The version that it leads to; it starts from the one before. */
  to: number;
  /** What it changes, in a few words for the log. */
  about: string;
  run(db: Database): Promise<void>;
}

/** Every step since the first version, in order. */
export const MIGRATIONS: readonly Migration[] = [
  { to: 2, about: "jobs are stored under their id", run: moveJobsToTheirIds },
  // What is stored already stays as it is; an older release could not read what comes.
  { to: 3, about: "jobs are stored as JSON", run: () => Promise.resolve() },
];

const MOVED_AT_ONCE = 200;
const BYTES_AT_ONCE = 300 * 1024;

/** `["jobs", "j", queue, shard, priority, suffix]` → `["job", id]`, whose key costs less to write. */
async function moveJobsToTheirIds(db: Database): Promise<void> {
  let tx = new WriteSet();
  let moved = 0;
  let bytes = 0;
  const entries = db.kv.list({ prefix: ["jobs", "j"] }, { batchSize: 100 });
  for await (const { key, value } of entries) {
    const [queue, shard, priority, suffix] = key.slice(2) as [string, number, number, string];
    const id = `${queue}-${shard.toString(36)}${priority}-${suffix}`;
    tx.set(["job", id], value).delete(key);
    bytes += estimateSize(value);
    if (++moved < MOVED_AT_ONCE && bytes < BYTES_AT_ONCE) continue;
    await db.commit(tx);
    tx = new WriteSet();
    moved = bytes = 0;
  }
  if (moved > 0) await db.commit(tx);
}
