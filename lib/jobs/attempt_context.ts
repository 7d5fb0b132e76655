import type { Logger } from "../log.ts";
import type { PerformContext } from "./definition.ts";
import type { OnceMemory } from "./once.ts";
import type { ReadyJob } from "./ready_set.ts";

/** The attempt that a handler is part of, as far as its context needs it. */
export interface Performing {
  readonly job: ReadyJob;
  readonly startedAt: number;
  readonly signal: AbortSignal;
  readonly memory: OnceMemory;
  readonly log: Logger;
  report(percent: number, message?: string): void;
}

/**
 * What a handler is given. Most handlers use little of it, so what costs something, such as a
 * signal or a bound logger, is made when it is first asked for.
 */
export class AttemptContext implements PerformContext<unknown> {
  readonly #attempt: Performing;
  #log: Logger | undefined;

  constructor(attempt: Performing, readonly payload: unknown) {
    this.#attempt = attempt;
  }

  get id(): string {
    return this.#attempt.job.id;
  }

  get kind(): string {
    return this.#attempt.job.record.kind;
  }

  get queue(): string {
    return this.#attempt.job.address.queue;
  }

  get priority(): number {
    return this.#attempt.job.address.priority;
  }

  get attempt(): number {
    return this.#attempt.job.record.attempt + 1;
  }

  get maxAttempts(): number {
    return this.#attempt.job.record.maxAttempts;
  }

  get queuedAt(): number {
    return this.#attempt.job.record.queuedAt;
  }

  get startedAt(): number {
    return this.#attempt.startedAt;
  }

  get signal(): AbortSignal {
    return this.#attempt.signal;
  }

  get log(): Logger {
    return this.#log ??= this.#attempt.log.with({ task_id: this.id, kind: this.kind });
  }

  // Functions and not methods: handlers take them out of the context.
  get progress(): PerformContext<unknown>["progress"] {
    return (percent, message) => this.#attempt.report(percent, message);
  }

  get once(): PerformContext<unknown>["once"] {
    return (key, fn) => this.#attempt.memory.run(key, fn);
  }
}
