import { AppError } from "../errors.ts";
import { type Batch, buildAtomic, type Pending } from "./batch.ts";
import { CountRecords, type MergedCounts } from "./count_records.ts";
import type { Flight } from "./flight.ts";
import { isKnown, type KnownMove, Succession } from "./succession.ts";

const MAX_LOCKED_RETRIES = 40;
const MAX_OVERTAKEN_RETRIES = 100;
/** From so many mutations on, the two more that move the mark are cheap. */
const MOVING = 100;

/** Write sets with what their additions make of count records. */
interface Prepared {
  batch: readonly Pending[];
  merged: MergedCounts | null;
  replaced: readonly string[];
}

/** Commits batches of write sets in one atomic operation each. */
export class AtomicCommits {
  readonly records: CountRecords;
  /** Null on a shared database, where nobody knows what comes between two commits. */
  readonly #succession: Succession | null;

  constructor(readonly kv: Deno.Kv, shared: boolean) {
    this.records = new CountRecords(kv, shared);
    this.#succession = shared ? null : new Succession();
  }

  /**
   * Whether a batch that does not commute with this one may be handed over behind it. What follows
   * something that did not happen cannot be followed itself.
   */
  canFollow({ batch, follows }: Flight): boolean {
    return this.#moves(batch) && (follows ? follows.moved : this.#succession!.known);
  }

  /**
   * True once all of it is durable; false when a check failed, and nothing of it was written. A
   * flight that follows another is handed over behind it, and anew when one of the two failed.
   */
  async commit(batch: readonly Pending[], flight?: Flight): Promise<boolean> {
    if (!flight?.follows) return await this.#commitNow(batch, flight);
    if (await this.#commitBehind(batch, flight, flight.follows)) return true;
    await flight.follows.told;
    return await this.#commitNow(batch);
  }

  async #commitNow(batch: readonly Pending[], flight?: Flight): Promise<boolean> {
    let overtaken = 0;
    for (let attempt = 0;; attempt++) {
      const prepared = await this.#prepare(batch);
      if (!prepared) return false;
      try {
        const first = attempt === 0 ? flight : undefined;
        if (await this.#handOver(prepared, first)) return true;
        if (!prepared.merged || !(await this.records.overtaken())) return false;
        if (++overtaken > MAX_OVERTAKEN_RETRIES) {
          throw new Error("other processes change the counters faster than this one can");
        }
      } catch (error) {
        if (!isLocked(error) || attempt >= MAX_LOCKED_RETRIES) {
          this.#forget(); // whether it was written is unknown
          throw typed(error);
        }
        await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 20 * (attempt + 1)));
      }
    }
  }

  async #commitBehind(
    batch: readonly Pending[],
    flight: Flight,
    follows: Flight,
  ): Promise<boolean> {
    const before = await follows.submitted;
    if (!before) return false;
    try {
      const prepared = await this.#prepare(batch, before.merged);
      // Of a record that is replaced ahead, what was added to here is the old one.
      if (!prepared || before.replaced.some(changedBy(prepared.merged))) return false;
      return await this.#handOver(prepared, flight, before.move);
    } catch (error) {
      await follows.told; // it remembers its records then, which are to be forgotten
      if (isLocked(error)) return false;
      this.#forget();
      throw typed(error);
    }
  }

  /** Null where what follows from one's addition cannot know what another does to the record. */
  async #prepare(
    batch: readonly Pending[],
    underWay: MergedCounts | null = null,
  ): Promise<Prepared | null> {
    const writes = batch.map(({ write }) => write);
    const merged = await this.records.merge(writes, underWay);
    const replaced = this.records.replacedBy(writes);
    if (writes.length > 1 && replaced.some(changedBy(merged))) return null;
    return { batch, merged, replaced };
  }

  /** Commits, if `before`, the move of what the flight follows, is made. */
  async #handOver(prepared: Prepared, flight?: Flight, before?: KnownMove): Promise<boolean> {
    const { batch, merged, replaced } = prepared;
    const atomic = buildAtomic(this.kv, batch, merged);
    const move = flight && this.#moves(flight.batch) ? this.#succession!.next(before) : null;
    if (before) this.#succession!.follow(atomic, before);
    if (move) this.#succession!.write(atomic, move);
    const committing = atomic.commit();
    flight?.submit(isKnown(move) ? { merged, replaced, move } : null);
    const result = await committing;
    await flight?.follows?.told; // its records are remembered before those made of them
    if (!result.ok) return false;
    merged?.committed(result.versionstamp);
    this.records.forgetReplaced(replaced);
    if (move) {
      this.#succession!.moved(move);
      flight!.moved = true;
    }
    return true;
  }

  /** Whether its commit moves the mark. */
  #moves(batch: Batch): boolean {
    return this.#succession !== null && batch.mutations >= MOVING && batch.touched.additions;
  }

  #forget(): void {
    this.records.forget();
    this.#succession?.forget();
  }
}

const changedBy = (merged: MergedCounts | null) => (text: string): boolean =>
  merged?.record(text) !== undefined;

/** Another program holds the file for a moment (a backup tool, a second handle). */
const isLocked = (error: unknown): boolean =>
  error instanceof Error && /database is locked|busy/i.test(error.message);

/** A full disk is no fault of who writes, who is told to come back; other faults stay as they are. */
const typed = (error: unknown): unknown =>
  error instanceof Error && /database or disk is full/i.test(error.message)
    ? new AppError("overloaded", "The disk of the database is full; nothing of this was stored.", {
      retryAfterSeconds: 15,
      cause: error,
    })
    : error;
