const MARKS: readonly [Deno.KvKey, Deno.KvKey] = [["meta", "turn", 0], ["meta", "turn", 1]];

/** How a commit moves the mark that stands. */
export interface Move {
  /** The mark that goes with it; null when it is not known which one stood: nothing can follow. */
  goes: Deno.KvKey | null;
  /** The one that stands afterwards. */
  comes: Deno.KvKey;
}

/** A move that something can follow. */
export interface KnownMove extends Move {
  goes: Deno.KvKey;
}

export const isKnown = (move: Move | null): move is KnownMove =>
  move !== null && move.goes !== null;

/**
 * Lets a commit that was handed over while the one before it is under way happen only if that one
 * happened. Of two marks one stands; each commit takes it away and puts the other up. A versionstamp
 * to check is not known yet, but that something is gone can be checked: the mark that the one before
 * takes away. Only where one process writes.
 */
export class Succession {
  #stands: Deno.KvKey | null = null;

  /** Whether a commit that moves the mark now can be followed. */
  get known(): boolean {
    return this.#stands !== null;
  }

  /** How the next commit is to move the mark, behind the one that makes the move `before`, if any. */
  next(before?: KnownMove): Move {
    const goes = before ? before.comes : this.#stands;
    return { goes, comes: goes === MARKS[0] ? MARKS[1] : MARKS[0] };
  }

  /** Lets a commit happen only if `before` did. */
  follow(atomic: Deno.AtomicOperation, before: KnownMove): void {
    atomic.check({ key: before.goes, versionstamp: null });
  }

  /** Adds a move to the commit that makes it. */
  write(atomic: Deno.AtomicOperation, { comes }: Move): void {
    for (const mark of MARKS) if (mark !== comes) atomic.delete(mark);
    atomic.set(comes, 1);
  }

  /** The commit with this move is durable. */
  moved({ comes }: Move): void {
    this.#stands = comes;
  }

  /** Whether some commit happened is not known. */
  forget(): void {
    this.#stands = null;
  }
}
