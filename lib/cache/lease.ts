import type { Clock } from "../clock.ts";
import type { EntryReader, Found } from "./entry_reader.ts";
import type { ReadOptions } from "./cache.ts";
import type { KeyWaiters } from "./key_waiters.ts";
import { namespaceOf } from "./key_space.ts";
import { Unavailable } from "./unavailable.ts";
import { KEEP_LEASE } from "./redis_scripts.ts";
import type { Cancellation } from "./single_flight.ts";
import type { Fence } from "./redis_store.ts";
import type { RedisTier } from "./tiers.ts";

/** A process that dies while computing holds the others up for so long at most. */
const LEASE_MS = 1_000;
const RENEW_MS = 300;
/** How often a waiting process looks by itself, beside being told. */
const LOOK_MS = 100;
/** No other process's computation is waited for longer. */
const MAX_WAIT_MS = 60_000;
/** A fresh entry that is of no use may turn up so often. */
const MAX_USELESS = 3;

/** The right to compute an entry, the entry that another process made, or neither. */
export type Turn =
  | { kind: "compute"; fence: Fence | null; leftMs: number; end: () => void }
  | { kind: "found"; found: Found };

export interface TurnOptions<T> extends ReadOptions<T> {
  tags: readonly string[];
  cancellation: Cancellation;
  /** When an entry that is there, but cannot be used, was made; 0 = there is none. */
  useless: number;
  /** What Redis may take in all, of which some may be used up. */
  leftMs: number;
  /** False: no waiting for another process. */
  wait: boolean;
}

const noEnd = () => {};

/** Sees to it that of all processes one computes an entry, as long as Redis can be asked. */
export class Leases {
  constructor(
    readonly redis: RedisTier,
    readonly reader: EntryReader,
    readonly waiters: KeyWaiters,
    readonly clock: Clock,
  ) {}

  /** Waits for this process's turn, or for what the others make. Null = another one is at it. */
  async turn<T>(key: string, options: TurnOptions<T>): Promise<Turn | null> {
    let { leftMs, useless } = options;
    const until = this.clock.now() + MAX_WAIT_MS;
    for (let uselessSeen = 0; uselessSeen <= MAX_USELESS && this.clock.now() < until;) {
      options.cancellation.throwIfAborted();
      const startedAt = performance.now();
      const asked = this.redis.store.takeLease(key, {
        tags: options.tags,
        leaseMs: LEASE_MS,
        now: this.clock.now(),
        useless,
      });
      const reply = await this.redis.link.atMost(leftMs, asked);
      leftMs = Math.max(1, leftMs - (performance.now() - startedAt));
      if (reply instanceof Unavailable) break;
      if (reply.state === "yours") {
        return { kind: "compute", fence: reply.fence, leftMs, end: this.#hold(key, reply.fence) };
      }
      if (reply.state === "found") {
        const counts = this.reader.counters.namespaces.of(namespaceOf(key));
        const reading = await this.reader.shared(key, counts, options);
        if (reading.state === "unavailable") break;
        if (reading.state === "found" && reading.found.freshUntil > this.clock.now()) {
          return { kind: "found", found: reading.found };
        }
        useless = reading.state === "none" ? reading.useless : reading.found.createdAt;
        uselessSeen++;
        continue;
      }
      if (!options.wait) return null;
      const { signal } = options.cancellation;
      await this.waiters.wait(key, Math.min(LOOK_MS, reply.leftMs + 1), signal);
      // Waiting for another process's work is not waiting for Redis.
      leftMs = options.leftMs;
    }
    return { kind: "compute", fence: null, leftMs, end: noEnd };
  }

  /** Keeps a lease alive; the returned function gives it up, where writing has not done so. */
  #hold(key: string, fence: Fence): () => void {
    const { link, store } = this.redis;
    const lease = [store.keys.lease(key)];
    let cancel: () => void;
    const renew = () => {
      cancel = this.clock.after(RENEW_MS, () => {
        void link.script(KEEP_LEASE, lease, [fence.token, String(LEASE_MS)]);
        renew();
      });
    };
    renew();
    return () => {
      cancel();
      void link.script(KEEP_LEASE, lease, [fence.token, "0"]);
    };
  }
}
