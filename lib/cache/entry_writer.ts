import type { Clock } from "../clock.ts";
import type { SetOptions } from "./cache.ts";
import type { Entry } from "./frame.ts";
import { isUsableKey, isUsableTag, namespaceOf } from "./key_space.ts";
import type { LookupCounters, Refusal } from "./lookup_counters.ts";
import { decodeValue, encodeValue, NOTHING } from "./payload.ts";
import { Unavailable } from "./unavailable.ts";
import type { Fence } from "./redis_store.ts";
import type { Tiers } from "./tiers.ts";
import { MAX_TTL_SECONDS, ttlMs } from "./ttl.ts";

const MAX_TAGS = 16;
const NO_TAGS: readonly string[] = Object.freeze([]);
/** A value that was computed is given back after this, whether Redis has confirmed it or not. */
const MIN_WRITE_WAIT_MS = 20;

export interface WriterOptions {
  defaultTtlSeconds: number;
  maxTtlSeconds: number;
  /** Largest value, as written down and before compression. */
  maxEntryBytes: number;
  /** How long copies live in the process while Redis is away. */
  outageTtlMs: number;
}

/** A value that was computed, and what has to hold for it to be kept. */
export interface Computed {
  costMs: number;
  /** Absent where Redis could not be asked when the computing began. */
  fence: Fence | null;
  /** What is left of the time that Redis may take. */
  leftMs: number;
}

/** Puts entries into the tiers, and takes them out. */
export class EntryWriter {
  constructor(
    readonly tiers: Tiers,
    readonly counters: LookupCounters,
    readonly clock: Clock,
    readonly options: WriterOptions,
  ) {}

  /** False, and a counted reason, when the value was not stored. */
  write(key: string, value: unknown, options: SetOptions): Promise<boolean> {
    const entry = this.#prepare(key, value, options, 0);
    if (entry instanceof Promise) return entry;
    if (this.tiers.redis) return this.#writeShared(key, entry);
    return Promise.resolve(this.#writeLocal(key, entry));
  }

  /** Stores what was computed, and gives it as readers will see it; null when it was not stored. */
  async keep(
    key: string,
    value: unknown,
    options: SetOptions,
    computed: Computed,
  ): Promise<{ value: unknown } | null> {
    const entry = this.#prepare(key, value, options, computed.costMs);
    const kept = entry instanceof Promise
      ? await entry
      : this.tiers.redis
      ? await this.#writeShared(key, entry, computed)
      : this.#writeLocal(key, entry);
    if (!kept || entry instanceof Promise) return null;
    return { value: decodeValue(entry.payload.codec, entry.payload.body) };
  }

  /** Whether there was something; Redis, when it cannot be told, is told later. */
  async remove(key: string): Promise<boolean> {
    const { memory, redis } = this.tiers;
    if (!redis) return memory?.delete(key) ?? false;
    redis.front.drop(key);
    const removed = await redis.store.remove([key]);
    if (!(removed instanceof Unavailable)) return removed > 0;
    redis.unsent.key(key);
    return false;
  }

  /** Milliseconds that an entry with this time to live stays fresh. */
  ttlMs(seconds: number | undefined, jitter = 0): number {
    const most = Math.min(this.options.maxTtlSeconds, MAX_TTL_SECONDS);
    const ttl = ttlMs(seconds, this.options.defaultTtlSeconds, most);
    if (!(jitter > 0) || ttl === 0) return ttl;
    return Math.max(1, Math.round(ttl * (1 - Math.min(jitter, 1) * Math.random())));
  }

  /** The entry to write, or the promise of false where there is none to be. */
  #prepare(
    key: string,
    value: unknown,
    options: SetOptions,
    costMs: number,
  ): Entry | Promise<false> {
    const now = this.clock.now();
    this.counters.operation(now);
    const { tags } = options;
    if (!isUsableKey(key) || (tags && (tags.length > MAX_TAGS || !tags.every(isUsableTag)))) {
      this.counters.refuse("bad_key");
      return Promise.resolve(false);
    }
    // What lay there before is out of date, whatever became of the new value.
    return this.#entry(key, value, options, costMs, now) ?? this.remove(key).then(() => false);
  }

  #entry(
    key: string,
    value: unknown,
    options: SetOptions,
    costMs: number,
    now: number,
  ): Entry | null {
    const ttl = this.ttlMs(options.ttlSeconds, options.ttlJitter);
    if (ttl === 0) return null;
    const payload = value === NOTHING ? NOTHING : encodeValue(value);
    if (payload === null || payload.bytes > this.options.maxEntryBytes) {
      const counts = this.counters.namespaces.of(namespaceOf(key));
      this.counters.refuse(payload === null ? "unserialisable" : "too_large", counts);
      return null;
    }
    const freshUntil = now + ttl;
    const { keepStaleSeconds = 0 } = options;
    const kept = keepStaleSeconds > 0 ? ttl + keepStaleSeconds * 1_000 : ttl;
    const expiresAt = now + Math.min(Math.ceil(kept), MAX_TTL_SECONDS * 1_000);
    return {
      payload,
      createdAt: now,
      freshUntil,
      expiresAt,
      costMs,
      tags: options.tags ?? NO_TAGS,
    };
  }

  #writeLocal(key: string, entry: Entry): boolean {
    const kept = this.tiers.memory!.set(key, entry);
    if (kept) this.counters.writes++;
    else this.#refuse("too_large", key);
    return kept;
  }

  #writeShared(key: string, entry: Entry, computed?: Computed): Promise<boolean> {
    const redis = this.tiers.redis!;
    redis.front.drop(key);
    if (computed?.fence === null || !redis.link.connected) {
      this.#keepDuringOutage(key, entry);
      if (!computed) redis.unsent.key(key);
      this.#refuse(redis.link.connected ? "redis_refused" : "redis_unavailable", key);
      return Promise.resolve(false);
    }
    const keepMs = Math.max(1, Math.ceil(entry.expiresAt - entry.createdAt));
    const outgoing = redis.store.pack(key, entry, keepMs, computed?.fence);
    if (outgoing === null) {
      this.#refuse("too_large", key);
      return computed ? Promise.resolve(false) : this.remove(key).then(() => false);
    }
    return new Promise((resolve) => {
      const done = (written: boolean | Unavailable) => {
        if (written instanceof Unavailable) return resolve(this.#failed(key, entry, computed));
        if (written) this.#written(key, outgoing.savedBytes);
        else this.#refuse("obsolete", key);
        resolve(written);
      };
      if (!computed) return redis.store.write(outgoing, done);
      const sent = new Promise<boolean | Unavailable>((told) => redis.store.write(outgoing, told));
      const most = Math.max(computed.leftMs, MIN_WRITE_WAIT_MS);
      void redis.link.atMost(most, sent).then(done);
    });
  }

  /** What follows from Redis not having said that it stored an entry. */
  async #failed(key: string, entry: Entry, computed?: Computed): Promise<boolean> {
    const redis = this.tiers.redis!;
    const refused = redis.link.connected;
    this.#refuse(refused ? "redis_refused" : "redis_unavailable", key);
    if (!refused) this.#keepDuringOutage(key, entry);
    // An older value may still lie there, or this one may yet arrive behind a newer.
    if (!computed) {
      if (refused) await this.remove(key);
      else redis.unsent.key(key);
    }
    return false;
  }

  /** While Redis is away, the process remembers for a short time what it has just learnt. */
  #keepDuringOutage(key: string, entry: Entry): void {
    const { front, link } = this.tiers.redis!;
    if (link.connected) return;
    const { codec, body, bytes } = entry.payload;
    const ticket = front.take(key);
    front.redeem(
      ticket,
      {
        ...entry,
        codec,
        value: decodeValue(codec, body),
        body: typeof body === "string" ? new Uint8Array(0) : body,
        rawBytes: bytes,
      },
      this.clock.now(),
      this.options.outageTtlMs,
    );
  }

  #written(key: string, savedBytes: number): void {
    this.counters.writes++;
    if (savedBytes > 0) {
      this.counters.saved(this.counters.namespaces.of(namespaceOf(key)), savedBytes);
    }
  }

  #refuse(reason: Refusal, key: string): void {
    this.counters.refuse(reason, this.counters.namespaces.of(namespaceOf(key)));
  }
}
