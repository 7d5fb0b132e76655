import { conflict } from "../errors.ts";
import type { WriteSet } from "../kv/write_set.ts";
import { uniqueForKey, uniqueKey } from "./keys.ts";
import { readJob } from "./store.ts";

/** How long a unique key is taken: until its job starts, until it ends, or for a period (ms). */
export type UniqueScope = "queued" | "unfinished" | { forMs: number };

/** Who holds a key whose time does not end with the job. */
interface Holder {
  id: string;
  /** Taken until this instant, whatever becomes of the job. */
  until?: number;
}

/**
 * Takes a unique key within the atomic that creates a job, whose id `create` gives. When another
 * job holds it, nothing is added and that job is the answer. `isRunning` knows what this process
 * performs; a job that was `replaced` holds nothing any more.
 */
export async function takeUnique(
  kv: Deno.Kv,
  tx: WriteSet,
  request: { queue: string; key: string; scope: UniqueScope; now: number; replaced?: string },
  create: () => string,
  isRunning: (id: string) => boolean,
): Promise<{ id: string; taken: boolean }> {
  const { queue, key, scope, now, replaced } = request;
  if (scope === "unfinished") {
    const at = uniqueKey(queue, key);
    const entry = await kv.get<string>(at);
    if (entry.value !== null && await isOpen(kv, entry.value)) {
      return { id: entry.value, taken: true };
    }
    const id = create();
    tx.check(at, entry.versionstamp).set(at, id);
    return { id, taken: false };
  }
  const at = uniqueForKey(queue, key);
  const entry = await kv.get<Holder>(at);
  const holder = entry.value;
  if (holder) {
    const held = scope === "queued"
      ? !isRunning(holder.id) && await isOpen(kv, holder.id)
      : (holder.until ?? 0) > now && holder.id !== replaced;
    if (held) return { id: holder.id, taken: true };
  }
  const id = create();
  const value: Holder = scope === "queued" ? { id } : { id, until: now + scope.forMs };
  tx.check(at, entry.versionstamp).set(at, value);
  return { id, taken: false };
}

/**
 * A job that comes back takes its unique key again. Throws AppError `conflict` when an unfinished
 * job holds it by now.
 */
export async function retakeUnique(
  kv: Deno.Kv,
  tx: WriteSet,
  queue: string,
  key: string,
  id: string,
): Promise<void> {
  const at = uniqueKey(queue, key);
  const entry = await kv.get<string>(at);
  if (entry.value !== null && entry.value !== id && await isOpen(kv, entry.value)) {
    throw conflict(`task ${entry.value} has the same unique key and has not ended`);
  }
  tx.check(at, entry.versionstamp).set(at, id);
}

/** Forgets keys whose time is over and whose job has ended; at most `limit` are looked at. */
export async function staleUniqueKeys(
  kv: Deno.Kv,
  now: number,
  limit: number,
): Promise<{ key: Deno.KvKey; versionstamp: string }[]> {
  const stale: { key: Deno.KvKey; versionstamp: string }[] = [];
  const prefix = uniqueForKey("", "").slice(0, 2);
  for await (const entry of kv.list<Holder>({ prefix }, { limit })) {
    const { id, until } = entry.value;
    const over = until !== undefined ? until <= now : !await isOpen(kv, id);
    if (over) stale.push({ key: entry.key, versionstamp: entry.versionstamp });
  }
  return stale;
}

async function isOpen(kv: Deno.Kv, id: string): Promise<boolean> {
  const job = await readJob(kv, id);
  return job !== null && job.record.finishedAt === undefined;
}
