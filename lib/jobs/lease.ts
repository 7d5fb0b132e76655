import type { Clock } from "../clock.ts";
import type { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import type { Logger } from "../log.ts";
import type { AnyDefinition } from "./definition.ts";
import { heartbeatKey, sessionKey, shardKey } from "./keys.ts";
import { recoverJobs } from "./recovery.ts";
import type { Session } from "./session.ts";

const SHARD = 0;

export interface LeaseOptions {
  db: Database;
  clock: Clock;
  log: Logger;
  worker: string;
  /** How long a worker that is silent keeps what it owns. */
  leaseMs: number;
  definitions: ReadonlyMap<string, AnyDefinition>;
}

/** Throws a RangeError for a lease that cannot work. */
export function checkLease(leaseMs: number | undefined): void {
  if (leaseMs === undefined || (Number.isFinite(leaseMs) && leaseMs >= 1)) return;
  throw new RangeError("leaseMs is at least 1 millisecond");
}

/**
 * A worker's lease where several processes share a database: a session that every commit checks, a
 * heartbeat that keeps it, and queues taken one by one. Whoever finds an owner's heartbeat expired
 * ends its session first; from then on the old owner cannot write, however alive it still is.
 */
export class Lease {
  #session: Session | null = null;
  /** Of our own clock: when the lease ends unless it is renewed before. */
  #goodUntil = 0;

  constructor(readonly options: LeaseOptions) {}

  /** Begins a session. */
  async open(): Promise<Session> {
    const { db, clock, worker, leaseMs } = this.options;
    const now = clock.now();
    await db.commit(
      new WriteSet().set(sessionKey(worker), { startedAt: now })
        .set(heartbeatKey(worker), now + leaseMs),
    );
    const entry = await db.kv.get(sessionKey(worker));
    this.#goodUntil = clock.elapsed() + leaseMs;
    this.#session = {
      worker,
      fence: { key: sessionKey(worker), versionstamp: entry.versionstamp },
    };
    return this.#session;
  }

  /** Renews the heartbeat. False when the session was ended by another worker, or ran out. */
  async renew(): Promise<boolean> {
    const { db, clock, worker, leaseMs } = this.options;
    if (!this.#session || clock.elapsed() > this.#goodUntil) return false;
    const began = clock.elapsed();
    const { fence } = this.#session;
    const renewed = await db.commit(
      new WriteSet().check(fence.key, fence.versionstamp)
        .set(heartbeatKey(worker), clock.now() + leaseMs),
    );
    if (renewed) this.#goodUntil = began + leaseMs;
    return renewed;
  }

  /** True when the queue is ours, taken now if it was free or its owner is silent for too long. */
  async acquire(queue: string): Promise<boolean> {
    const { db, worker } = this.options;
    if (!this.#session) return false;
    const key = shardKey(queue, SHARD);
    const owner = await db.kv.get<string>(key);
    if (owner.value === worker) return true;
    if (owner.value !== null && !await this.#end(owner.value)) return false;
    const { fence } = this.#session;
    return await db.commit(
      new WriteSet().check(fence.key, fence.versionstamp).check(key, owner.versionstamp)
        .set(key, worker),
    );
  }

  /** Gives the queues back, so that another worker need not wait for the lease to run out. */
  async release(queues: Iterable<string>): Promise<void> {
    const { db, worker } = this.options;
    const tx = new WriteSet();
    for (const queue of queues) {
      const owner = await db.kv.get<string>(shardKey(queue, SHARD));
      if (owner.value !== worker) continue;
      tx.check(owner.key, owner.versionstamp).delete(owner.key);
    }
    await db.commit(tx);
  }

  /** Ends the session of an owner that is gone or silent, and recovers its jobs. False if it lives. */
  async #end(owner: string): Promise<boolean> {
    const { db, clock, log, definitions } = this.options;
    const [session, heartbeat] = await db.kv.getMany<[unknown, number]>([
      sessionKey(owner),
      heartbeatKey(owner),
    ]);
    if (session.versionstamp !== null) {
      if ((heartbeat.value ?? 0) > clock.now()) return false;
      const ended = await db.commit(
        new WriteSet().check(session.key, session.versionstamp)
          .check(heartbeat.key, heartbeat.versionstamp)
          .delete(session.key).delete(heartbeat.key),
      );
      if (!ended) return false;
      log.warn("took over from a worker that is silent", { worker: owner });
    }
    await recoverJobs({ db, log, now: clock.now(), definitions, worker: owner });
    return true;
  }
}
