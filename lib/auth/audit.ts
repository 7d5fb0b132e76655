import type { Clock } from "../clock.ts";
import type { Database } from "../kv/database.ts";
import { sweepBefore } from "../kv/sweep.ts";
import { WriteSet } from "../kv/write_set.ts";
import type { Logger } from "../log.ts";

/** Who did what to what, from where, and how it ended. */
export interface AuditEntry {
  /** Milliseconds since the epoch. */
  at: number;
  /** A principal's id; `anonymous` for who was not let in. */
  actor: string;
  /** Its name for people. */
  subject: string;
  /** `DELETE /tokens/{token_id}`, `sign_in`… */
  action: string;
  /** The path that was asked for, without its query. */
  target: string;
  address: string;
  /** The status of the answer. */
  status: number;
  requestId: string;
  /** How often it happened within `WINDOW_MS`; absent: once. */
  count?: number;
}

/** What is told once with a number, where it happens often. */
const WINDOW_MS = 2_000;
/** Different things that are gathered at the same time; beyond it they are written one by one. */
const MAX_GATHERED = 5_000;
const MAX_TARGET = 500;

export interface AuditFilter {
  /** Milliseconds since the epoch, `from` included and `to` not. */
  from?: number;
  to?: number;
  actor?: string;
  action?: string;
}

/** The audit log: entries are added and, when they are very old, removed; never changed. */
export class AuditLog {
  readonly #gathered = new Map<string, AuditEntry>();
  #cancel: (() => void) | null = null;
  #writing: Promise<unknown> = Promise.resolve();
  #count = 0;

  constructor(readonly options: { db: Database; clock: Clock; log: Logger }) {}

  /** Adds an entry to the commit of what it tells about. */
  add(tx: WriteSet, entry: AuditEntry): void {
    const target = entry.target.slice(0, MAX_TARGET);
    tx.set([...PREFIX, entry.at, this.#nextName()], { ...entry, target });
  }

  /** Writes an entry by itself; resolves when it is durable. */
  async write(entry: AuditEntry): Promise<void> {
    const tx = new WriteSet();
    this.add(tx, entry);
    await this.options.db.commit(tx);
  }

  /**
   * Tells of what may happen thousands of times a second: alike ones within 2 s become one entry
   * with their count and the target of the first.
   */
  gather(entry: AuditEntry): void {
    if (this.countAgain(entry)) return;
    if (this.#gathered.size >= MAX_GATHERED) this.flush();
    this.#gathered.set(gatheredName(entry), { ...entry });
    this.#cancel ??= this.options.clock.after(WINDOW_MS, () => this.flush());
  }

  /** Counts one more of what was gathered already; false when there is none alike. */
  countAgain(alike: Alike): boolean {
    const known = this.#gathered.get(gatheredName(alike));
    if (known) known.count = (known.count ?? 1) + 1;
    return known !== undefined;
  }

  /** Writes what was gathered; resolves when it is durable. A failure is logged. */
  flush(): Promise<unknown> {
    this.#cancel?.();
    this.#cancel = null;
    const entries = [...this.#gathered.values()];
    this.#gathered.clear();
    const writes: WriteSet[] = [];
    for (let i = 0; i < entries.length; i += BATCH) {
      const tx = new WriteSet();
      for (const entry of entries.slice(i, i + BATCH)) this.add(tx, entry);
      writes.push(tx);
    }
    const written = Promise.all(writes.map((tx) => this.options.db.commit(tx))).catch((error) =>
      this.options.log.error("the audit log could not be written", { error })
    );
    return this.#writing = Promise.all([this.#writing, written]);
  }

  /** Writes what was gathered and ends. */
  async close(): Promise<void> {
    await this.flush();
  }

  /** A page, newest first; `cursor` comes from the page before. Looks at 20,000 entries at most. */
  async page(
    filter: AuditFilter,
    limit: number,
    cursor?: string,
  ): Promise<{ entries: AuditEntry[]; next?: string }> {
    const range = rangeOf(filter, cursor);
    if (!range) return { entries: [] };
    const options = { reverse: true, limit: MAX_LOOKED_AT, batchSize: Math.min(500, limit + 1) };
    const entries: AuditEntry[] = [];
    let looked = 0;
    let last: Deno.KvKey | undefined;
    for await (const { key, value } of this.options.db.kv.list<AuditEntry>(range, options)) {
      if (entries.length === limit) return { entries, next: cursorOf(last!) };
      last = key;
      looked++;
      if (fits(value, filter)) entries.push(value);
    }
    return looked === MAX_LOOKED_AT ? { entries, next: cursorOf(last!) } : { entries };
  }

  /** Everything that fits, oldest first. */
  async *all(filter: AuditFilter): AsyncGenerator<AuditEntry> {
    const range = rangeOf(filter);
    if (!range) return;
    const found = this.options.db.kv.list<AuditEntry>(range, { batchSize: 500 });
    for await (const { value } of found) if (fits(value, filter)) yield value;
  }

  /** Deletes entries from before an instant, a bounded number; returns how many. */
  sweep(before: number): Promise<number> {
    return sweepBefore(this.options.db, PREFIX, before);
  }

  /** Entries of one millisecond keep their order, also across processes they never collide. */
  #nextName(): string {
    const count = (this.#count++ % 36 ** 6).toString(36).padStart(6, "0");
    return count + crypto.randomUUID().slice(0, 8);
  }
}

type Alike = Pick<AuditEntry, "status" | "action" | "address" | "actor">;

/** Only the actor, which comes last, may have a line break in it. */
const gatheredName = ({ status, action, address, actor }: Alike): string =>
  `${status}\n${action}\n${address}\n${actor}`;

const PREFIX: Deno.KvKey = ["audit"];
const BATCH = 200;
const MAX_LOOKED_AT = 20_000;

/** The keys that a filter means, before a cursor; null where there can be none. */
function rangeOf(
  { from = 0, to = Number.MAX_VALUE }: AuditFilter,
  cursor?: string,
): { start: Deno.KvKey; end: Deno.KvKey } | null {
  const end = cursor === undefined ? [...PREFIX, to] : keyOf(cursor);
  return from < Number(end[1]) || (from === end[1] && end.length > 2)
    ? { start: [...PREFIX, from], end }
    : null;
}

const fits = (entry: AuditEntry, { actor, action }: AuditFilter): boolean =>
  (actor === undefined || entry.actor === actor || entry.subject === actor) &&
  (action === undefined || entry.action === action);

function cursorOf(key: Deno.KvKey): string {
  return `${String(key.at(-2))}-${String(key.at(-1))}`;
}

/** The key that a cursor names; any other text names the beginning. */
function keyOf(cursor: string): Deno.KvKey {
  const at = cursor.indexOf("-");
  return [...PREFIX, Number(cursor.slice(0, at)) || 0, cursor.slice(at + 1)];
}
