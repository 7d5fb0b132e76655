import type { CountDelta, Counts } from "./counts.ts";

/** How the write sets of one commit change a count record together. */
export interface CountChange {
  before: Counts;
  after: Counts;
  delta: CountDelta;
}

/**
 * What follows from a count record's change, in the same commit: it may add `set`, `delete` and
 * `add` to `more`. It may be called again when the commit is retried, so it must have no other
 * effect that lasts. When several write sets that share a commit change the same record, it is
 * called once, for all of them.
 */
export type Consequence = (change: CountChange, more: WriteSet) => void;

interface SumMutation {
  type: "sum";
  key: Deno.KvKey;
  by: number;
}

/** One change to a key. `sum` adds a signed amount to a `KvU64` counter, wrapping below zero. */
export type Mutation =
  | {
    type: "set";
    key: Deno.KvKey;
    value: unknown;
    /** `estimateSize` of the value, once somebody needed it. */
    size?: number;
  }
  | { type: "delete"; key: Deno.KvKey }
  | SumMutation
  | {
    type: "add";
    key: Deno.KvKey;
    delta: CountDelta;
    then: Consequence | undefined;
    /** `keyText` of the key, once the committer needed it. */
    text?: string;
  }
  | { type: "ring"; queue: string };

/** A precondition: the key still has this versionstamp (null: does not exist). */
export interface Check {
  key: Deno.KvKey;
  versionstamp: string | null;
}

/** Among so many counters of a write set, the last ones, it is looked for the one to add to. */
const SUMS_LOOKED_AT = 4;

/**
 * Changes that are committed together or not at all. Domains add to a write set that somebody
 * else commits; that is how a reply, its counters and its job's completion become one atomic.
 */
export class WriteSet {
  readonly checks: Check[] = [];
  readonly mutations: Mutation[] = [];
  readonly #afterCommit: (() => void)[] = [];
  readonly #sums: SumMutation[] = [];

  /** Fails the whole commit unless `key` still has `versionstamp`; null means it must not exist. */
  check(key: Deno.KvKey, versionstamp: string | null): this {
    this.checks.push({ key, versionstamp });
    return this;
  }

  set(key: Deno.KvKey, value: unknown): this {
    this.mutations.push({ type: "set", key, value });
    return this;
  }

  delete(key: Deno.KvKey): this {
    this.mutations.push({ type: "delete", key });
    return this;
  }

  /**
   * Adds `by` (a whole number, may be negative) to the counter at `key`. Only for keys that are
   * always counters. Those who count much in one write set pass the same key object each time.
   */
  sum(key: Deno.KvKey, by: number): this {
    if (by === 0) return this;
    const sums = this.#sums;
    for (let i = sums.length - 1, looked = 0; i >= 0 && looked < SUMS_LOOKED_AT; i--, looked++) {
      if (sums[i]!.key !== key) continue;
      sums[i]!.by += by;
      return this;
    }
    const sum: SumMutation = { type: "sum", key, by };
    sums.push(sum);
    this.mutations.push(sum);
    return this;
  }

  /**
   * Adds to the fields of the count record at `key`; needs no check and never conflicts. Only for
   * keys that are always count records. The delta must not change afterwards.
   */
  add(key: Deno.KvKey, delta: CountDelta, then?: Consequence): this {
    if (delta.size > 0) this.mutations.push({ type: "add", key, delta, then });
    return this;
  }

  /** Sends the queue's doorbell with the commit. */
  ring(queue: string): this {
    this.mutations.push({ type: "ring", queue });
    return this;
  }

  /** Runs `fn` once the changes are durable, before the committer's promise resolves. */
  afterCommit(fn: () => void): this {
    this.#afterCommit.push(fn);
    return this;
  }

  /** Adds everything of `other` to this one. */
  merge(other: WriteSet): this {
    for (const c of other.checks) this.checks.push(c);
    for (const m of other.mutations) this.mutations.push(m);
    for (const fn of other.#afterCommit) this.#afterCommit.push(fn);
    return this;
  }

  /** Called by the committer only. */
  committed(): void {
    for (const fn of this.#afterCommit) fn();
  }

  get empty(): boolean {
    return this.checks.length === 0 && this.mutations.length === 0;
  }
}
