import type { Clock } from "../clock.ts";
import type { ReadOptions } from "./cache.ts";
import { type Frame, frameBody } from "./frame.ts";
import type { FrontTier, Ticket } from "./front_tier.ts";
import { isUsableKey, namespaceOf } from "./key_space.ts";
import type { LookupCounters, Tier } from "./lookup_counters.ts";
import type { MemoryHit } from "./memory_store.ts";
import type { NamespaceCounts } from "./namespace_counts.ts";
import { decodeValue } from "./payload.ts";
import { type RedisRead, UNREADABLE } from "./redis_store.ts";
import { Unavailable } from "./unavailable.ts";
import type { Tiers } from "./tiers.ts";

/** An entry that was found, fresh or not. */
export interface Found {
  value: unknown;
  createdAt: number;
  freshUntil: number;
  expiresAt: number;
  costMs: number;
  tags: readonly string[];
  bytes: number;
  tier: Tier;
}

/** What a look into Redis gave: an entry, none (perhaps one that is of no use), or no answer. */
export type Reading =
  | { state: "found"; found: Found }
  | { state: "none"; useless: number }
  | { state: "unavailable" };

/** Every so many reads one is timed, the first among them. */
const TIMED_EVERY = 8;
const UNAVAILABLE: Reading = { state: "unavailable" };

/** Looks entries up in the tiers and checks that what lies there is what is expected. */
export class EntryReader {
  #reads = 0;

  constructor(
    readonly tiers: Tiers,
    readonly counters: LookupCounters,
    readonly clock: Clock,
    readonly maxEntryBytes: number,
  ) {}

  /** A copy in the process that fits the schema, fresh or not. */
  local<T>(key: string, now: number, options: ReadOptions<T>): MemoryHit | undefined {
    const hit = this.tiers.local.get(key, now);
    // That there is nothing (undefined cannot be stored) fits every schema.
    if (hit === undefined || options.schema === undefined || hit.value === undefined) return hit;
    const parsed = options.schema.safeParse(hit.value);
    return parsed.success ? { ...hit, value: parsed.data } : undefined;
  }

  /** The fresh value of an entry that is not at hand in the process, counted as a lookup. */
  get<T>(key: string, options: ReadOptions<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const counts = this.counters.namespaces.of(namespaceOf(key));
      if (options.schema) {
        const now = this.clock.now();
        const local = this.local(key, now, options);
        if (local && local.freshUntil > now) {
          this.counters.hit(counts, "process", now);
          return resolve(local.value as T);
        }
      }
      this.#ask(key, counts, options, (reading, now) => {
        if (reading.state === "found" && reading.found.freshUntil > now) {
          this.counters.hit(counts, "redis", now);
          return resolve(reading.found.value as T);
        }
        this.counters.miss(counts, now);
        resolve(undefined);
      }, reject);
    });
  }

  /**
   * A fresh entry, looked for without counting. A copy in the process will do, unless it is the
   * entry's own times that matter: a copy's are shorter.
   */
  async look(key: string, copyWillDo = true): Promise<Omit<Found, "tier"> | undefined> {
    if (!isUsableKey(key)) return undefined;
    const now = this.clock.now();
    const local = copyWillDo || !this.tiers.redis?.link.connected
      ? this.tiers.local.get(key, now)
      : undefined;
    if (local && local.freshUntil > now) return local;
    const counts = this.counters.namespaces.of(namespaceOf(key));
    const reading = await this.shared(key, counts, {});
    if (reading.state === "unavailable" && !copyWillDo) return await this.look(key);
    return reading.state === "found" && reading.found.freshUntil > now ? reading.found : undefined;
  }

  /** Looks into Redis, and keeps a copy in the process. */
  shared<T>(key: string, counts: NamespaceCounts, options: ReadOptions<T>): Promise<Reading> {
    return new Promise((resolve, reject) => this.#ask(key, counts, options, resolve, reject));
  }

  /** Without a promise of its own, because every lookup in Redis comes this way. */
  #ask<T>(
    key: string,
    counts: NamespaceCounts,
    options: ReadOptions<T>,
    done: (reading: Reading, now: number) => void,
    failed: (error: unknown) => void,
  ): void {
    const { redis } = this.tiers;
    if (redis === null || !redis.link.connected) return done(UNAVAILABLE, this.clock.now());
    if (!isUsableKey(key)) return done({ state: "none", useless: 0 }, this.clock.now());
    const timed = ++this.#reads % TIMED_EVERY === 1;
    const startedAt = timed ? performance.now() : 0;
    const ticket = redis.front.take(key);
    redis.store.read(key, (read) => {
      if (read instanceof Unavailable) {
        redis.front.redeem(ticket, null, 0);
        return done(UNAVAILABLE, this.clock.now());
      }
      if (timed) this.counters.took(counts, "redis", performance.now() - startedAt);
      try {
        const now = this.clock.now();
        done(this.#reading(read, redis.front, ticket, options, now), now);
      } catch (error) {
        // A schema is a caller's code.
        failed(error);
      }
    });
  }

  #reading<T>(
    read: RedisRead,
    front: FrontTier,
    ticket: Ticket | null,
    options: ReadOptions<T>,
    now: number,
  ): Reading {
    if (read.damaged) this.counters.damaged++;
    const decoded = read.frame && this.decode(read.frame, ticket !== null);
    if (read.frame === null || decoded === null || read.frame.expiresAt <= now) {
      front.redeem(ticket, null, 0);
      const unreadable = read.damaged || (read.frame !== null && decoded === null);
      return { state: "none", useless: unreadable ? UNREADABLE : read.frame?.createdAt ?? 0 };
    }
    if (ticket !== null) front.redeem(ticket, { ...read.frame, ...decoded }, now);
    let { value } = decoded;
    if (options.schema && value !== undefined) {
      const parsed = options.schema.safeParse(value);
      if (!parsed.success) return { state: "none", useless: read.frame.createdAt };
      value = parsed.data;
    }
    const { createdAt, freshUntil, expiresAt, costMs, tags, rawBytes } = read.frame;
    return {
      state: "found",
      found: {
        value,
        createdAt,
        freshUntil,
        expiresAt,
        costMs,
        tags,
        bytes: rawBytes,
        tier: "redis",
      },
    };
  }

  /** A frame's value; null, and counted, where it cannot be read. */
  decode(frame: Frame, frozen: boolean): { value: unknown; body: Uint8Array } | null {
    try {
      const body = frameBody(frame, this.maxEntryBytes);
      return { value: decodeValue(frame.codec, body, frozen), body };
    } catch {
      this.counters.damaged++;
      return null;
    }
  }
}
