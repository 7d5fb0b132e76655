import { messageOf } from "../errors.ts";
import { copyOf } from "../json.ts";
import type { WriteSet } from "../kv/write_set.ts";
import type { Logger } from "../log.ts";
import { type AnyDefinition, type Effects, JobError, type PerformResult } from "./definition.ts";
import { AttemptContext, type Performing } from "./attempt_context.ts";
import { attemptEvent } from "./attempt_event.ts";
import type { AttemptHost, Claim } from "./attempt_host.ts";
import type { JobEvent } from "./events.ts";
import type { JobRecord } from "./job.ts";
import { inSpanOf, tracing } from "../tracing.ts";
import { exponential } from "./backoff.ts";
import { warnOfFailure } from "./failure_log.ts";
import { OnceMemory } from "./once.ts";
import { commitOutcome } from "./outcome_commit.ts";
import type { ReadyJob } from "./ready_set.ts";
import { writeJob } from "./store.ts";
import { decide, type Outcome, putOffEnd } from "./transition.ts";

/** Between the abort signal of a time-out and giving the attempt up. */
export const ABANDON_MS = 5_000;

type EndReason = "cancelled" | "timeout" | "shutdown" | "lost";

/** One attempt at a job: perform → decide → commit → tell. */
export class Attempt implements Performing {
  readonly startedAt: number;
  readonly #startedElapsed: number;
  progress: { percent: number; message?: string } | undefined;
  #controller: AbortController | undefined;
  #ended: PromiseWithResolvers<void> | undefined;
  #over = false;
  #closing = false;
  #performed = false;
  #released = false;
  #interruption: EndReason | null = null;
  /** The job as it waits anew, after a failed or snoozed attempt. */
  #again: ReadyJob | null = null;
  /** Why its end could not be stored, and the job was put off instead. */
  #unsettled: { error: unknown } | null = null;
  #once: OnceMemory | null = null;

  constructor(
    readonly runner: AttemptHost,
    readonly job: ReadyJob,
    readonly claim: Claim,
  ) {
    const { clock } = runner.options;
    this.startedAt = clock.now();
    this.#startedElapsed = clock.elapsed();
  }

  /** Resolves when the outcome is durable, or when the attempt was given up. */
  get ended(): Promise<void> {
    if (this.#over) return Promise.resolve();
    this.#ended ??= Promise.withResolvers<void>();
    return this.#ended.promise;
  }

  /** When its time is up, as the clock's `elapsed` has it. */
  get deadline(): number {
    const { record } = this.job;
    return this.#startedElapsed + (record.timeoutMs ?? this.#definition?.timeoutMs ?? 60_000);
  }

  get #definition(): AnyDefinition | undefined {
    return this.runner.options.definitions.get(this.job.record.kind);
  }

  start(): void {
    this.#tell("job.started", "running");
    let result: ReturnType<AnyDefinition["perform"]>;
    let later: boolean;
    try {
      result = this.#perform();
      later = isThenable(result);
    } catch (error) {
      return void this.#fail(error);
    }
    if (!later) return this.#finish(result as PerformResult | void);
    Promise.resolve(result).then((ended) => this.#finish(ended), (error) => this.#fail(error));
  }

  /** The attempt's time is up: abort, and if it does not end by itself, go on without it. */
  timeOut(): void {
    if (this.#interruption || this.#closing) return;
    this.#interruption = "timeout";
    const error = new JobError("the attempt took longer than it may", { code: "timeout" });
    this.#abort(error);
    const cancel = this.runner.options.clock.after(ABANDON_MS, () => this.#fail(error));
    this.ended.then(cancel);
  }

  /** Shutdown or a lost session: the job stays as it was and no attempt is spent. */
  interrupt(reason: "shutdown" | "lost"): void {
    if (this.#closing) return;
    this.#interruption = reason;
    this.#abort(new DOMException(`interrupted: ${reason}`, "AbortError"));
    this.#settle({ type: "interrupted" });
  }

  /**
   * Ends the attempt as cancelled, whatever the handler still does. False when it is too late. Throws
   * what the definition's `settle` throws; then the job is not cancelled.
   */
  async cancel(reason: string): Promise<boolean> {
    if (this.#closing) return false;
    this.#interruption = "cancelled";
    this.#abort(new DOMException(reason, "AbortError"));
    await this.#settle({ type: "cancelled", reason });
    if (this.#unsettled) throw this.#unsettled.error;
    return true;
  }

  /** Most handlers never look at their signal, so it is made only for those that do. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  #abort(reason: unknown): void {
    void this.signal;
    this.#controller!.abort(reason);
  }

  #perform(): ReturnType<AnyDefinition["perform"]> {
    const { record } = this.job;
    const definition = this.#definition;
    if (!definition) {
      throw new JobError(`no handler for tasks named "${record.kind}" is installed`, {
        code: "no_handler",
      });
    }
    // A copy, since a schema hands on what it does not look into, and handlers change what they get.
    const payload = definition.payload.safeParse(copyOf(record.payload));
    if (!payload.success) {
      throw new JobError("the payload does not fit: " + messageOf(payload.error, 500), {
        code: "invalid_payload",
        permanent: true,
      });
    }
    const perform = () => definition.perform(new AttemptContext(this, payload.data));
    if (!tracing) return perform();
    const { id, address } = this.job;
    return inSpanOf(record.trace, `perform ${record.kind}`, {
      "task.id": id,
      "task.name": record.kind,
      "task.queue": address.queue,
      "task.attempt": record.attempt + 1,
    }, async () => await perform());
  }

  get log(): Logger {
    return this.runner.options.log;
  }

  /** What the handler remembers from one attempt to the next. */
  get memory(): OnceMemory {
    const { db, session } = this.runner.options;
    return this.#once ??= new OnceMemory(db, session.fence, this.job.id);
  }

  /** The handler tells how far it is. */
  report(percent: number, message?: string): void {
    if (this.#closing) return; // it was cancelled or given up, and does not know yet
    const bounded = Math.min(100, Math.max(0, Number(percent) || 0));
    const said = message === undefined ? undefined : String(message).slice(0, 500);
    const changed = this.progress?.percent !== bounded || this.progress.message !== said;
    this.progress = { percent: bounded, message: said };
    if (changed) this.#tell("job.progress", "running");
  }

  #finish(result: PerformResult | void): void {
    if (!result) return this.#complete(undefined);
    if (result.type === "snooze") return void this.#settle({ ...result, type: "snoozed" });
    if (result.type === "cancel") {
      return void this.#settle({ type: "cancelled", reason: result.reason });
    }
    if (!result.effects) return this.#complete(result.value);
    this.#settle({ type: "completed", value: result.value }, result.effects);
  }

  #fail(error: unknown): Promise<void> {
    return this.#settle({ type: "failed", error });
  }

  /** Completed with nothing to check: in one commit with others, without a promise of its own. */
  #complete(value: unknown): void {
    const outcome: Outcome = { type: "completed", value };
    if (this.runner.options.shared || this.#remembers) return void this.#settle(outcome);
    if (this.#closing) return;
    this.#close();
    const next = this.#decide(outcome);
    this.runner.shared.add((tx) => this.#write(tx, next), (committed) => {
      if (!committed) return void this.#store(outcome);
      this.#committed(next, outcome);
      this.#end();
    });
  }

  /** Makes the outcome durable. The first caller wins; what comes later changes nothing. */
  async #settle(outcome: Outcome, effects?: Effects): Promise<void> {
    if (this.#closing) return;
    this.#close();
    await this.#store(outcome, effects);
  }

  #close(): void {
    this.#closing = true;
    if (this.#performed) return;
    this.#performed = true;
    this.runner.performed(this);
  }

  async #store(outcome: Outcome, effects?: Effects): Promise<void> {
    const { log } = this.runner.options;
    try {
      if (this.#interruption !== "lost") {
        await this.#commit(this.#decide(outcome), outcome, effects);
      }
    } catch (error) {
      if (effects) {
        // The effects themselves do not work: that is a failed attempt like any other.
        this.#closing = false;
        return await this.#settle({ type: "failed", error });
      }
      if (!await this.#putOff(outcome, error)) {
        log.error("the outcome of a task could not be stored; it will run again", {
          task_id: this.job.id,
          error,
        });
        this.runner.unsettled(this);
        this.runner.backlog.recheckSoon();
      }
    }
    this.#end();
  }

  /** Where the definition has a side of an end, that may be what fails: the job alone is put off. */
  async #putOff(outcome: Outcome, error: unknown): Promise<boolean> {
    const { clock, session, log } = this.runner.options;
    const ends = outcome.type === "failed" || outcome.type === "cancelled";
    if (!ends || !this.#definition?.settle) return false;
    const { record, id } = this.job;
    const policy = { random: Math.random, worker: session.worker, startedAt: this.startedAt };
    try {
      await this.#commit(putOffEnd(record, error, clock.now(), policy), outcome);
    } catch {
      return false; // it was the database then
    }
    this.#unsettled = { error };
    if (!record.unsettled) {
      log.error("a task could not be settled with its domain; it is tried again until it can", {
        task_id: id,
        error,
      });
    }
    return true;
  }

  #end(): void {
    this.#over = true;
    this.runner.ended(this);
    // Only now, since a job that is due again at once must not meet its own last attempt.
    if (this.#again) this.runner.backlog.arrived(this.#again);
    this.#ended?.resolve();
  }

  #decide(outcome: Outcome): JobRecord {
    const { clock, session } = this.runner.options;
    const policy = { random: Math.random, worker: session.worker, startedAt: this.startedAt };
    const backoff = this.#definition?.backoff ?? exponential();
    return decide(this.job.record, outcome, clock.now(), { ...policy, backoff });
  }

  async #commit(next: JobRecord, outcome: Outcome, effects?: Effects): Promise<void> {
    const { runner, job } = this;
    const stored = await commitOutcome(runner, job, next, {
      effects,
      remembers: this.#remembers,
      write: (tx) => this.#write(tx, next),
    });
    if (stored === "stored") this.#committed(next, outcome);
    else if (stored === "lost") runner.options.onLost();
    else runner.backlog.forget(job.id);
  }

  /** Whether results of outside calls are remembered under the job. */
  get #remembers(): boolean {
    return this.job.record.remembers === true || this.#once?.used === true;
  }

  #write(tx: WriteSet, next: JobRecord): void {
    const { record, address } = this.job;
    if (next !== record) writeJob(tx, address, record, next);
    if (!this.#released) this.claim.remaining--;
    this.#released = true;
    if (this.claim.remaining === 0) this.runner.dropMarker(tx, this.claim);
  }

  #committed(next: JobRecord, outcome: Outcome): void {
    const { runner, job } = this;
    const now = runner.options.clock.now();
    if (outcome.type === "interrupted") return;
    runner.options.stats.ended(
      next.state,
      now,
      this.startedAt - job.record.queuedAt,
      now - this.startedAt,
    );
    runner.backlog.forget(job.id);
    if (next.finishedAt !== undefined) runner.options.onEnded(job.id);
    if (next.state === "completed") this.#tell("job.completed", "completed");
    else if (next.state === "failed") {
      warnOfFailure(runner.options.log, job.id, job.address.queue, next);
      this.#tell("job.failed", "failed", next);
    } else if (next.state === "cancelled") this.#tell("job.cancelled", "cancelled", next);
    else {
      this.#tell(next.state === "retrying" ? "job.retrying" : "job.snoozed", next.state, next);
      this.#again = { ...job, record: next };
    }
  }

  #tell(type: JobEvent["type"], state: JobEvent["state"], next?: JobRecord): void {
    const { events, clock } = this.runner.options;
    if (events.active) events.emit(attemptEvent(this, type, state, clock.now(), next));
  }
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as { then?: unknown } | undefined)?.then === "function";
}
