import { WriteSet } from "../kv/write_set.ts";
import { Attempt } from "./attempt.ts";
import type { AttemptHost, AttemptOptions, Claim, RunAttempt } from "./attempt_host.ts";
import type { FairOrder } from "./fair_order.ts";
import { turnOf } from "./job_id.ts";
import { runKey } from "./keys.ts";
import { type ReadyJob, ReadySet } from "./ready_set.ts";
import { Backlog } from "./backlog.ts";
import { ClaimPace } from "./claim_pace.ts";
import { SharedCommit } from "./shared_commit.ts";
import { Suspects } from "./suspects.ts";
import { TokenBucket } from "./token_bucket.ts";

/** Attempts whose outcome is being stored; they no longer count against the concurrency. */
const MAX_SETTLING = 1_000;

/** A job taken out before it started, with its claim when it was named in a marker already. */
export interface Withdrawn {
  job: ReadyJob;
  claim: Claim | null;
}

export interface RunnerOptions extends AttemptOptions {
  queue: string;
  shard: number;
  fair: FairOrder;
  /** Jobs that may run at the same time. */
  concurrency: number;
  nextClaim: () => number;
  recheckMs?: number;
}

/**
 * Runs one queue: reads what is due from its shards, marks jobs as claimed in batches, performs
 * as many as its concurrency allows, best first, and commits how each ended.
 */
export class QueueRunner implements AttemptHost {
  readonly backlog: Backlog;
  readonly shared: SharedCommit;
  readonly #ready = new ReadySet();
  readonly #claimed = new ReadySet();
  readonly #claims = new Map<string, Claim>();
  readonly #running = new Map<string, Attempt>();
  #claiming = 0;
  /** Attempts whose handler is still at work. */
  #busy = 0;
  readonly #pace: ClaimPace;
  #pumping = false;
  /** Claims of which nothing is left but their marker, which could not be removed. */
  #stale: Claim[] = [];
  #marking = new Set<Promise<void>>();
  /** A job is being made that is named in a marker already. */
  #boarding = false;
  readonly #suspects = new Suspects();
  #rate: TokenBucket | null = null;
  #wakeForRate: (() => void) | null = null;
  #stopping = false;
  #paused = false;
  concurrency: number;

  constructor(readonly options: RunnerOptions) {
    this.concurrency = options.concurrency;
    this.#pace = new ClaimPace(options.concurrency);
    this.shared = new SharedCommit(options.db, options.session.fence);
    this.backlog = new Backlog(options, this.#ready, () => this.#pumpSoon());
  }

  get running(): ReadonlyMap<string, Attempt> {
    return this.#running;
  }

  /** Jobs whose handler is at work. */
  get busy(): number {
    return this.#busy;
  }

  /** Jobs in memory that may run but do not yet. */
  get waiting(): number {
    return this.#ready.size + this.#claimed.size;
  }

  get idle(): boolean {
    return this.waiting === 0 && this.#running.size === 0 && this.#claiming === 0;
  }

  /** True while jobs wait for the queue's rate limit. */
  get rateLimited(): boolean {
    return this.#wakeForRate !== null;
  }

  /** Sets how many jobs run at the same time and how many are started a second. */
  limit(concurrency: number, ratePerSecond: number | undefined): void {
    if (concurrency === this.concurrency && ratePerSecond === this.#rate?.ratePerSecond) return;
    this.concurrency = concurrency;
    this.#rate = ratePerSecond === undefined
      ? null
      : new TokenBucket(ratePerSecond, this.options.clock.now());
    this.pump();
  }

  set paused(paused: boolean) {
    this.#paused = paused;
    if (!paused) this.pump();
  }

  /** Jobs of the same priority, in memory, whose turn comes before this one's. */
  aheadOf(id: string, priority: number): number {
    let ahead = 0;
    for (const set of [this.#ready, this.#claimed]) {
      for (const job of set) if (job.address.priority === priority && job.id < id) ahead++;
    }
    return ahead;
  }

  oldestQueuedAt(): number | null {
    const oldest = [this.#ready.oldestQueuedAt(), this.#claimed.oldestQueuedAt()]
      .filter((at) => at !== null);
    return oldest.length > 0 ? Math.min(...oldest) : null;
  }

  /** Starts whatever may start now. Called after everything that can change that; cheap if nothing can. */
  pump(): void {
    if (this.#stopping || this.#paused) return;
    this.#start();
    this.#claim();
    this.backlog.refill();
  }

  /** Takes a job out before it has started; undefined when it is not waiting in memory. */
  withdraw(id: string, priority: number): Withdrawn | undefined {
    const ready = this.#ready.remove(id, priority);
    if (ready) return { job: ready, claim: null };
    const job = this.#claimed.remove(id, priority);
    if (!job) return undefined;
    const claim = this.#claims.get(id)!;
    this.#claims.delete(id);
    this.#suspects.count(job.record, -1);
    return { job, claim };
  }

  /** Puts a withdrawn job back. */
  restore({ job, claim }: Withdrawn): void {
    if (claim) {
      this.#suspects.count(job.record, 1);
      this.#claims.set(job.id, claim);
      this.#claimed.push(job);
    } else this.#ready.push(job);
    this.pump();
  }

  /** The claim being written that names this job, if there is one. */
  claiming(id: string): Promise<void> | undefined {
    return this.#running.has(id) ? undefined : this.#claims.get(id)?.marked;
  }

  /**
   * Commits `tx`, which makes the job, with its run marker in it: it starts one commit earlier than
   * it would otherwise. Null when it could not start at once; then nothing was done. False when the
   * session has ended. One at a time, so that a crowd shares its markers as ever.
   */
  commitAboard(tx: WriteSet, id: string, priority: number): Promise<boolean> | null {
    const { session, nextClaim, db } = this.options;
    if (this.#stopping || this.#paused || this.#rate || this.#boarding) return null;
    if (this.waiting > 0 || this.#busy + this.#claiming >= this.concurrency) return null;
    const claim: Claim = { number: nextClaim(), remaining: 1, marked: Promise.resolve() };
    tx.check(session.fence.key, session.fence.versionstamp)
      .set(runKey(session.worker, claim.number), { ids: [id] })
      .afterCommit(() => this.#aboard(id, priority, claim));
    this.#boarding = true;
    const committed = db.commit(tx).finally(() => this.#boarding = false);
    const marking = committed.then(() => {}, () => {}).finally(() => this.#marking.delete(marking));
    this.#marking.add(marking);
    return committed;
  }

  /** The job is durable, and among the ready ones unless a read of the store is under way. */
  #aboard(id: string, priority: number, claim: Claim): void {
    const job = this.#ready.remove(id, priority);
    if (!job) return void this.#stale.push(claim);
    this.#claims.set(id, claim);
    this.options.fair.serve(this.options.queue, priority, turnOf(job.address.suffix));
    this.#claimed.push(job);
    this.#start();
  }

  /** One job of a claim has ended outside of an attempt. */
  async releaseNow(claim: Claim): Promise<void> {
    if (--claim.remaining > 0) return;
    const tx = new WriteSet();
    this.dropMarker(tx, claim);
    await this.options.db.commit(tx);
  }

  /** Removes a claim's run marker. */
  dropMarker(tx: WriteSet, claim: Claim): void {
    tx.delete(runKey(this.options.session.worker, claim.number));
  }

  /** The handler is done with: its place is free, while its outcome is being stored. */
  performed(_attempt: RunAttempt): void {
    this.#busy--;
    this.#pumpSoon();
  }

  /** The outcome could not be stored. The job is looked for again, and its marker must go. */
  unsettled({ job, claim }: RunAttempt): void {
    this.backlog.forget(job.id);
    if (claim.remaining === 0) this.#stale.push(claim);
  }

  /** An attempt has ended and its outcome is durable, or was lost with the session. */
  ended(attempt: RunAttempt): void {
    // The job may be due again already, and claimed by its next attempt.
    const { id } = attempt.job;
    if (this.#running.get(id) === attempt) this.#running.delete(id);
    if (this.#claims.get(id) === attempt.claim) this.#claims.delete(id);
    this.#suspects.count(attempt.job.record, -1);
    this.#pumpSoon();
  }

  /** Many jobs arrive or end in one commit; one look for what may start now is enough for all. */
  #pumpSoon(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    queueMicrotask(() => {
      this.#pumping = false;
      this.pump();
    });
  }

  /** Stops starting jobs, waits for those that run, then aborts what is left after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.backlog.stop();
    this.#wakeForRate?.();
    const attempts = [...this.#running.values()];
    // A marker written after the session's end would look like a crash.
    const done = Promise.all([...this.#marking, ...attempts.map((attempt) => attempt.ended)]);
    if (attempts.length === 0) return void await done;
    const cancel = this.options.clock.after(graceMs, () => {
      for (const attempt of attempts) attempt.interrupt("shutdown");
    });
    await done;
    cancel();
  }

  /** Drops everything at once: another worker owns these jobs now. */
  abandon(): void {
    this.#stopping = true;
    this.backlog.stop();
    this.#wakeForRate?.();
    for (const attempt of this.#running.values()) attempt.interrupt("lost");
  }

  #start(): void {
    if (this.#stopping || this.#paused) return;
    if (this.#claimed.size === 0) return;
    const now = this.options.clock.now();
    const most = this.concurrency + MAX_SETTLING;
    while (
      this.#busy < this.concurrency && this.#running.size < most && this.#claimed.size > 0 &&
      this.#mayStart()
    ) {
      const job = this.#claimed.pop(now)!;
      const attempt = new Attempt(this, job, this.#claims.get(job.id)!);
      this.#running.set(job.id, attempt);
      this.#busy++;
      attempt.start();
    }
  }

  /** False while the queue's rate is used up; then it looks again when it is not. */
  #mayStart(): boolean {
    const { clock } = this.options;
    if (!this.#rate || this.#rate.take(clock.now())) return true;
    this.#wakeForRate ??= clock.after(this.#rate.msUntilNext(clock.now()), () => {
      this.#wakeForRate = null;
      this.pump();
    });
    return false;
  }

  /** Names the next jobs in a run marker, so that a crash will be counted against them. */
  #claim(): void {
    if (this.#ready.size === 0) return;
    const ahead = this.#claimed.size + this.#claiming;
    const outranked = this.#ready.bestPriority() < this.#claimed.bestPriority();
    if (ahead > this.#pace.ahead / 2 && !outranked) return;
    const now = this.options.clock.now();
    if (ahead <= this.#pace.ahead / 2) this.#pace.claim(now);
    const free = Math.max(0, this.concurrency - this.#busy);
    const room = Math.max(this.#pace.ahead + free - ahead, outranked ? 1 : 0);
    const batch: ReadyJob[] = [];
    const setAside: ReadyJob[] = [];
    let suspects = 0;
    let grave = false;
    while (batch.length + suspects < room) {
      const job = this.#ready.pop(now);
      if (!job) break;
      const crashes = job.record.crashes ?? 0;
      if (crashes === 0) {
        batch.push(job);
      } else if (grave || !this.#suspects.mayBoard(crashes)) {
        // The one whose next crash would be its last comes first, once the others have ended.
        grave ||= crashes > 1;
        setAside.push(job);
      } else if (ahead + batch.length + suspects >= free) {
        // It starts at once or is not named in a marker: no crash is blamed on it before it runs.
        setAside.push(job);
        break;
      } else {
        suspects++;
        this.#suspects.count(job.record, 1);
        this.#mark([job]);
      }
    }
    for (const job of setAside) this.#ready.push(job);
    if (batch.length > 0) this.#mark(batch);
  }

  #mark(batch: ReadyJob[]): void {
    const marking = this.#writeMarker(batch).finally(() => this.#marking.delete(marking));
    this.#marking.add(marking);
  }

  async #writeMarker(batch: ReadyJob[]): Promise<void> {
    const { session, db, fair, queue, nextClaim, onLost, log } = this.options;
    const { promise: marked, resolve: resolveMarked } = Promise.withResolvers<void>();
    const claim: Claim = { number: nextClaim(), remaining: batch.length, marked };
    const ids = batch.map((job) => job.id);
    for (const job of batch) {
      this.#claims.set(job.id, claim);
      fair.serve(queue, job.address.priority, turnOf(job.address.suffix));
    }
    this.#claiming += batch.length;
    const tx = new WriteSet().check(session.fence.key, session.fence.versionstamp)
      .set(runKey(session.worker, claim.number), { ids });
    const stale = this.#stale.splice(0);
    for (const gone of stale) this.dropMarker(tx, gone);
    let committed = false;
    try {
      committed = await db.commit(tx);
      if (!committed) onLost();
    } catch (error) {
      log.error("tasks could not be claimed", { queue: this.options.queue, error });
    }
    this.#claiming -= batch.length;
    queueMicrotask(resolveMarked);
    if (!committed) {
      this.#stale.push(...stale);
      for (const job of batch) {
        this.#claims.delete(job.id);
        this.#suspects.count(job.record, -1);
      }
      if (this.#stopping) return;
      // The database refused; the jobs are safe in it and are tried again a little later.
      for (const job of batch) this.#ready.push(job);
      this.backlog.recheckSoon();
      return;
    }
    for (const job of batch) this.#claimed.push(job);
    this.#start();
  }
}
