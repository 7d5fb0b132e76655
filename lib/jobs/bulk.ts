import { WriteSet } from "../kv/write_set.ts";
import type { JobKind } from "./definition.ts";
import type { JobEngine } from "./engine.ts";
import type { PrepareOptions } from "./enqueue_options.ts";

export interface BulkOptions extends Omit<PrepareOptions, "heldBy"> {
  /** Told after each commit how many are durable. */
  onProgress?: (queued: number, total: number) => void;
  signal?: AbortSignal;
}

const CHUNK = 400;
const MAX_CHUNK_CHARACTERS = 250_000;
const MAX_UNDER_WAY = 4;

/** Many jobs that are checked and packed, but not queued yet. */
export interface PreparedJobs {
  ids: string[];
  chunks: { tx: WriteSet; count: number }[];
}

/**
 * Enqueues many jobs of a kind, a few hundred to an atomic: each such chunk is queued whole or not
 * at all, in order. Every payload is checked before the first is queued. Resolves with the ids, in
 * the payloads' order, once all are durable.
 */
export async function enqueueMany<P>(
  engine: JobEngine,
  definition: JobKind<P>,
  payloads: readonly P[],
  { onProgress, signal, ...each }: BulkOptions = {},
): Promise<string[]> {
  const prepared = prepareMany(engine, definition, payloads, each);
  await commitMany(engine, prepared, { onProgress, signal });
  return prepared.ids;
}

/** Checks and packs many jobs. Throws as `JobEngine.prepare` does; then there is nothing to undo. */
export function prepareMany<P>(
  engine: JobEngine,
  definition: JobKind<P>,
  payloads: readonly P[],
  options: PrepareOptions,
): PreparedJobs {
  const ids: string[] = [];
  const chunks: PreparedJobs["chunks"] = [];
  let tx = new WriteSet();
  let count = 0;
  let characters = 0;
  for (const payload of payloads) {
    ids.push(engine.prepare(tx, definition, payload, options));
    count++;
    characters += JSON.stringify(payload)?.length ?? 0;
    if (count < CHUNK && characters < MAX_CHUNK_CHARACTERS) continue;
    chunks.push({ tx, count });
    tx = new WriteSet();
    count = characters = 0;
  }
  if (count > 0) chunks.push({ tx, count });
  return { ids, chunks };
}

/** Queues what was prepared, chunk by chunk in order. Resolves once all of it is durable. */
export async function commitMany(
  engine: JobEngine,
  { ids, chunks }: PreparedJobs,
  { onProgress, signal }: Pick<BulkOptions, "onProgress" | "signal">,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  let queued = 0;
  for (const chunk of chunks) {
    signal?.throwIfAborted();
    const commit: Promise<void> = engine.options.db.commit(chunk.tx).then(() => {
      queued += chunk.count;
      underWay.delete(commit);
      onProgress?.(queued, ids.length);
    });
    underWay.add(commit);
    if (underWay.size >= MAX_UNDER_WAY) await Promise.race(underWay);
  }
  await Promise.all(underWay);
}
