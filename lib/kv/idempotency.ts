import type { Clock } from "../clock.ts";
import { AppError, conflict } from "../errors.ts";
import type { Database } from "./database.ts";
import { WriteSet } from "./write_set.ts";

const DAY_MS = 86_400_000;
const MAX_ATTEMPTS = 20;

interface OnceRecord {
  /** Hash of what was asked for. */
  content: string;
  at: number;
  answer: unknown;
}

/** The first request under a key, and what it was answered. */
export interface FirstAnswer {
  at: number;
  answer: unknown;
}

/**
 * A client's wish that a request happens once within 24 h. The answer is recorded in the same
 * commit as what it answers, so a crash leaves both or neither.
 */
export class IdempotencyClaim {
  /** When the first request was answered, this one or the one that `earlier` found. */
  answeredAt: number | undefined;
  /** Whether this request was made before. */
  replayed = false;
  #checks: { key: Deno.KvKey; versionstamp: string | null }[] = [];

  /**
   * `key` is a hash over who asks and the key they sent; `content` a hash over all of what they
   * ask for.
   */
  constructor(
    readonly db: Database,
    readonly clock: Clock,
    readonly key: string,
    readonly content: string,
  ) {}

  /** The first answer, if there is one. Throws `conflict` when the key was used for other content. */
  async earlier(): Promise<FirstAnswer | null> {
    const now = this.clock.now();
    const today = Math.floor(now / DAY_MS);
    const entries = await this.db.kv.getMany<OnceRecord[]>([
      keyOf(today, this.key),
      keyOf(today - 1, this.key),
    ]);
    this.#checks = entries.map(({ key, versionstamp }) => ({ key, versionstamp }));
    for (const { value } of entries) {
      if (!value || now - value.at >= DAY_MS) continue;
      if (value.content !== this.content) {
        throw conflict(
          "This Idempotency-Key was used with another request in the last 24 hours: " +
            "send a new key with a new request.",
        );
      }
      this.answeredAt = value.at;
      this.replayed = true;
      return { at: value.at, answer: value.answer };
    }
    return null;
  }

  /** Adds the answer to the write set that makes it true. Call `earlier` first, for each attempt. */
  record(tx: WriteSet, answer: unknown): void {
    for (const { key, versionstamp } of this.#checks) tx.check(key, versionstamp);
    const at = this.answeredAt = this.clock.now();
    const value: OnceRecord = { content: this.content, at, answer };
    tx.set(keyOf(Math.floor(at / DAY_MS), this.key), value);
  }

  /**
   * A name that is the same for every request under this key and content, for work that is too
   * large for one commit and idempotent by such a name.
   */
  name(): Promise<string> {
    return commitOnce(this.db, this, () => crypto.randomUUID());
  }
}

/**
 * Commits what `build` puts into the write set, once: a claim that was answered before returns
 * that answer and builds nothing. `build` runs again, on a fresh write set, when a check failed.
 */
export async function commitOnce<T>(
  db: Database,
  claim: IdempotencyClaim | undefined,
  build: (tx: WriteSet) => T | Promise<T>,
): Promise<T> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const first = await claim?.earlier();
    if (first) return first.answer as T;
    const tx = new WriteSet();
    const answer = await build(tx);
    claim?.record(tx, answer);
    if (await db.commit(tx)) return answer;
  }
  throw new AppError("unavailable", "Too many changes to the same record at once.", {
    retryAfterSeconds: 1,
  });
}

/**
 * Builds a write set and commits it; when a check in it fails, builds it again from fresh reads.
 * Throws AppError `unavailable` when others keep getting in between.
 */
export function commitFresh<T>(
  db: Database,
  build: (tx: WriteSet) => T | Promise<T>,
): Promise<T> {
  return commitOnce(db, undefined, build);
}

/** Deletes up to `limit` records that no longer count; returns how many. */
export async function sweepIdempotency(db: Database, now: number, limit = 500): Promise<number> {
  const tx = new WriteSet();
  const end = [PREFIX, Math.floor(now / DAY_MS) - 1];
  for await (const entry of db.kv.list({ start: [PREFIX], end }, { limit })) tx.delete(entry.key);
  if (!tx.empty) await db.commit(tx);
  return tx.mutations.length;
}

const PREFIX = "once";
const keyOf = (day: number, key: string): Deno.KvKey => [PREFIX, day, key];
