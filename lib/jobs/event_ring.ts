import type { Database } from "../kv/database.ts";
import { estimateSize } from "../kv/size.ts";
import { WriteSet } from "../kv/write_set.ts";
import { eventHeadKey, eventsKey, eventsPrefix } from "./keys.ts";

/** An event with its place in the stream. */
export interface RingEntry<E> {
  /** Grows from event to event, also over restarts, but not by one. */
  seq: number;
  event: E;
}

/** What is known of the stream beside its events. */
interface Head {
  next: number;
  /** Everything that happened before this process's end is in the ring. */
  closed?: boolean;
}

export interface EventRingOptions {
  /** Events kept; older ones go. */
  keep?: number;
  now: () => number;
}

const KEEP = 5_000;
/** A record stays well below what one value may hold. */
const RECORD_BYTES = 48 * 1024;
const MAX_TRIES = 20;

/**
 * A bounded stream of events in the database: each gets a sequence number when it is durable, so
 * that whoever knows the last one it saw can read on, also after a restart. Several events share a
 * record. Events tell what happened; what is so now stands in the store.
 */
export class EventRing<E> {
  readonly #keep: number;
  #head: Head = { next: 0 };
  #versionstamp: string | null = null;
  /** All that is stored, oldest first. */
  #entries: RingEntry<E>[] = [];
  /** First sequence numbers of the stored records, with how many events each holds. */
  #records: { first: number; count: number }[] = [];

  private constructor(readonly db: Database, readonly options: EventRingOptions) {
    this.#keep = options.keep ?? KEEP;
  }

  /**
   * Reads what is stored. `broken` tells that the process before this one was killed, so that its
   * last events may be missing: whoever resumes over that point must be told.
   */
  static async open<E>(
    db: Database,
    options: EventRingOptions,
  ): Promise<{ ring: EventRing<E>; broken: boolean }> {
    const ring = new EventRing<E>(db, options);
    await ring.refresh();
    const broken = ring.#head.closed !== true;
    // A restored backup must not give out numbers that were given out after it was made.
    if (broken) ring.#head = { next: Math.max(ring.#head.next, options.now()) };
    return { ring, broken };
  }

  /** The number of the newest event, or the one before the first. */
  get last(): number {
    return this.#head.next - 1;
  }

  /** The events behind `seq`; null when some of them are no longer kept, or it was never given out. */
  after(seq: number): readonly RingEntry<E>[] | null {
    const oldest = this.#entries[0]?.seq ?? this.#head.next;
    if (!(seq >= oldest - 1 && seq <= this.last)) return null;
    return this.#entries.slice(this.#entries.findLastIndex((entry) => entry.seq <= seq) + 1);
  }

  /**
   * Stores events, and returns them with their numbers, behind those that other processes stored
   * meanwhile. One call at a time. Rejects as a commit does; then nothing was stored.
   */
  async append(events: readonly E[]): Promise<RingEntry<E>[]> {
    const others: RingEntry<E>[] = [];
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const { next } = this.#head;
      const head: Head = { next: next + events.length };
      const tx = this.#replaceHead(head);
      const records = this.#pack(events, next);
      for (const { first, packed } of records) tx.set(eventsKey(first), packed);
      const gone = this.#outdated(events.length);
      for (const { first } of gone) tx.delete(eventsKey(first));
      if (!await this.db.commit(tx)) {
        await this.#readHead();
        others.push(...await this.#readEvents());
        continue;
      }
      const entries = events.map((event, i) => ({ seq: next + i, event }));
      this.#records.splice(0, gone.length);
      this.#records.push(...records.map(({ first, packed }) => ({ first, count: packed.length })));
      this.#entries.splice(0, gone.reduce((sum, { count }) => sum + count, 0));
      this.#entries.push(...entries);
      await this.#readHead();
      if (this.#head.next !== head.next) entries.push(...await this.#readEvents());
      return [...others, ...entries];
    }
    throw new Error("other processes append to the events faster than this one can");
  }

  /** Reads what other processes have stored, and returns it. */
  async refresh(): Promise<RingEntry<E>[]> {
    const known = this.#versionstamp;
    await this.#readHead();
    return known !== null && known === this.#versionstamp ? [] : await this.#readEvents();
  }

  async #readEvents(): Promise<RingEntry<E>[]> {
    const known = this.#entries.at(-1)?.seq ?? -1;
    const fresh: RingEntry<E>[] = [];
    this.#records = [];
    for await (const { key, value } of this.db.kv.list<E[]>({ prefix: eventsPrefix })) {
      const first = Number(key.at(-1));
      this.#records.push({ first, count: value.length });
      value.forEach((event, i) => {
        if (first + i > known) fresh.push({ seq: first + i, event });
      });
    }
    const oldest = this.#records[0]?.first ?? Infinity;
    this.#entries = [...this.#entries.filter(({ seq }) => seq >= oldest), ...fresh];
    return fresh;
  }

  /** Says that nothing happened that is not in the ring. Call it when no more can happen. */
  async close(): Promise<void> {
    await this.db.commit(this.#replaceHead({ ...this.#head, closed: true }));
  }

  async #readHead(): Promise<void> {
    const { value, versionstamp } = await this.db.kv.get<Head>(eventHeadKey);
    this.#versionstamp = versionstamp;
    if (value) this.#head = { ...value, next: Math.max(value.next, this.#head.next) };
  }

  #replaceHead(head: Head): WriteSet {
    return new WriteSet().check(eventHeadKey, this.#versionstamp).set(eventHeadKey, head);
  }

  #pack(events: readonly E[], next: number): { first: number; packed: E[] }[] {
    const records: { first: number; packed: E[] }[] = [];
    let bytes = Infinity;
    events.forEach((event, i) => {
      const size = estimateSize(event);
      if (bytes + size > RECORD_BYTES) {
        records.push({ first: next + i, packed: [] });
        bytes = 0;
      }
      records.at(-1)!.packed.push(event);
      bytes += size;
    });
    return records;
  }

  /** Whole records that are not needed any more once `more` events are added. */
  #outdated(more: number): { first: number; count: number }[] {
    let kept = this.#entries.length + more;
    let gone = 0;
    while (gone < this.#records.length && kept - this.#records[gone]!.count >= this.#keep) {
      kept -= this.#records[gone++]!.count;
    }
    return this.#records.slice(0, gone);
  }
}
