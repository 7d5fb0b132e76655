import type { Batch } from "./batch.ts";
import type { MergedCounts } from "./count_records.ts";
import type { KnownMove } from "./succession.ts";

/** What an atomic operation that was handed over does, should it happen. */
export interface Submission {
  merged: MergedCounts | null;
  /** Key texts of count records that it sets or deletes as a whole. */
  replaced: readonly string[];
  /** How it moves the mark. */
  move: KnownMove;
}

/** A batch whose commit is under way. */
export class Flight {
  /** Resolves when its callers, and those of everything before it, have been told. */
  told: Promise<void> = Promise.resolve();
  /** Its first atomic operation happened, and moved the mark. */
  moved = false;
  readonly #submitted = Promise.withResolvers<Submission | null>();

  /** `follows`: the one under way that it may only happen after. */
  constructor(readonly batch: Batch, public follows: Flight | null) {}

  /** Its first atomic operation, once that is handed over; null where nothing can follow it. */
  get submitted(): Promise<Submission | null> {
    return this.#submitted.promise;
  }

  submit(submission: Submission | null): void {
    this.#submitted.resolve(submission);
  }

  /** Everybody has been told. */
  end(): void {
    this.submit(null);
    this.follows = null; // or it would keep all that ever were before it
  }
}
