import { WriteSet } from "../kv/write_set.ts";
import type { JobKind } from "./definition.ts";
import type { JobEngine } from "./engine.ts";
import type { EnqueueOptions } from "./enqueue.ts";

export interface BulkOptions extends Omit<EnqueueOptions, "uniqueKey" | "unique" | "heldBy"> {
  /** Told after each commit how many are durable. */
  onProgress?: (queued: number, total: number) => void;
  signal?: AbortSignal;
}

const CHUNK = 400;
const MAX_CHUNK_CHARACTERS = 250_000;
const MAX_UNDER_WAY = 4;

/**
 * Enqueues many jobs of a kind, a few hundred to an atomic: each such chunk is queued whole or not
 * at all, in order. Every payload is checked before the first is queued. Resolves with the ids, in
 * the payloads' order, once all are durable.
 */
export async function enqueueMany<P>(
  engine: JobEngine,
  definition: JobKind<P>,
  payloads: readonly P[],
  options: BulkOptions = {},
): Promise<string[]> {
  const { onProgress, signal, ...each } = options;
  const ids: string[] = [];
  const underWay = new Set<Promise<void>>();
  let queued = 0;
  const chunks: { tx: WriteSet; count: number }[] = [];
  let tx = new WriteSet();
  let count = 0;
  let characters = 0;
  for (const payload of payloads) {
    ids.push(engine.prepare(tx, definition, payload, each));
    count++;
    characters += JSON.stringify(payload)?.length ?? 0;
    if (count < CHUNK && characters < MAX_CHUNK_CHARACTERS) continue;
    chunks.push({ tx, count });
    tx = new WriteSet();
    count = characters = 0;
  }
  if (count > 0) chunks.push({ tx, count });
  for (const chunk of chunks) {
    signal?.throwIfAborted();
    const commit: Promise<void> = engine.options.db.commit(chunk.tx).then(() => {
      queued += chunk.count;
      underWay.delete(commit);
      onProgress?.(queued, payloads.length);
    });
    underWay.add(commit);
    if (underWay.size >= MAX_UNDER_WAY) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  return ids;
}
