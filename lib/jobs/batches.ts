import { AppError } from "../errors.ts";
import { WriteSet } from "../kv/write_set.ts";
import type { JobKind } from "./definition.ts";
import { type BulkOptions, commitMany, prepareMany } from "./bulk.ts";
import type { JobEngine } from "./engine.ts";
import { newRecord } from "./enqueue.ts";
import type { EngineEvent } from "./events.ts";
import { type BatchRecord, type BatchView, batchView, sweepBatches } from "./batch_view.ts";
import { batchDoneKey, batchesPrefix, batchKey } from "./keys.ts";

/**
 * Jobs that belong together: their progress, and one job that is queued when the last of them has
 * ended. The counts are kept in each job's own commit; the follow-up is queued exactly once.
 */
export class Batches {
  readonly #kinds = new Map<string, JobKind<unknown>>();
  readonly #unsubscribe: () => void;

  constructor(readonly engine: JobEngine) {
    this.#unsubscribe = engine.events.subscribe((event) => this.#hear(event));
  }

  /** Names a kind that batches may queue when they are complete; also after a restart. */
  register<P>(kind: JobKind<P>): this {
    this.#kinds.set(kind.kind, kind as JobKind<unknown>);
    return this;
  }

  close(): void {
    this.#unsubscribe();
  }

  /**
   * Queues the jobs of a batch, and later `then`, whose kind was registered. Resolves with its id.
   * Throws as `JobEngine.prepare` does, also for the payload of `then`; then nothing is stored.
   */
  async enqueue<P, Q>(
    definition: JobKind<P>,
    payloads: readonly P[],
    options: BulkOptions & { then?: { kind: JobKind<Q>; payload: Q } } = {},
  ): Promise<string> {
    const { db, clock } = this.engine.options;
    const { then, onProgress, signal, ...each } = options;
    if (then && !this.#kinds.has(then.kind.kind)) {
      throw new AppError("invalid", `register ${then.kind.kind} before it follows a batch`);
    }
    if (then) newRecord(then.kind, then.payload, {}, clock.now()); // throws what queueing it would
    const id = crypto.randomUUID();
    const jobs = prepareMany(this.engine, definition, payloads, { ...each, batchId: id });
    const record: BatchRecord = { createdAt: clock.now(), total: payloads.length, sealed: false };
    if (then) {
      record.then = { kind: then.kind.kind, queue: then.kind.queue, payload: then.payload };
    }
    await db.commit(new WriteSet().set(batchKey(id), record));
    await commitMany(this.engine, jobs, { onProgress, signal });
    await db.commit(new WriteSet().set(batchKey(id), { ...record, sealed: true }));
    await this.finish(id);
    return id;
  }

  /** How far a batch is, or null when there is none. */
  get(id: string): Promise<BatchView | null> {
    return batchView(this.engine.options.db.kv, id);
  }

  /** Queues what follows a batch if its last job has ended and nobody did so yet. */
  async finish(id: string): Promise<void> {
    const { db } = this.engine.options;
    const record = (await db.kv.get<BatchRecord>(batchKey(id))).value;
    if (!record?.then || !record.sealed) return;
    const view = await this.get(id);
    const kind = this.#kinds.get(record.then.kind);
    if (!view || view.pending > 0 || view.thenId || !kind) return;
    const tx = new WriteSet().check(batchDoneKey(id), null);
    tx.set(batchDoneKey(id), this.engine.prepare(tx, kind, record.then.payload));
    await db.commit(tx); // false: somebody else was first, which is as good
  }

  /** After a start: batches whose last job ended just before the process did. */
  async recover(): Promise<void> {
    const { kv } = this.engine.options.db;
    for await (const { key } of kv.list({ prefix: batchesPrefix })) {
      await this.finish(String(key.at(-1)));
    }
  }

  /** Forgets old batches, as the engine's own sweep does; see `sweepBatches`. */
  sweep(createdBefore: number): Promise<number> {
    return sweepBatches(this.engine.options.db, createdBefore);
  }

  #hear(event: EngineEvent): void {
    if (!("batchId" in event) || !event.batchId) return;
    this.finish(event.batchId).catch((error) => {
      this.engine.options.log.error("a batch could not be finished", { error });
    });
  }
}
