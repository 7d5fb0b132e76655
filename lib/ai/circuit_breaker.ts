import { WrappedResponder } from "./wrapped_responder.ts";
import type { Clock } from "../clock.ts";
import {
  type CacheableResponder,
  type Reply,
  ResponderError,
  type ResponderRequest,
} from "./responder.ts";

export interface CircuitOptions {
  clock: Clock;
  /** Failures in a row that open it. */
  failures?: number;
  /** How long it stays open before one request may try again; doubled by each failed try. */
  openMs?: number;
  maxOpenMs?: number;
}

/**
 * Keeps requests from a provider that fails again and again: while it is open they fail at once,
 * saying when to come back, and cost nobody anything. Then a single one tries, and closes or
 * reopens it for all.
 */
export class CircuitBreaker extends WrappedResponder {
  readonly #options: Required<CircuitOptions>;
  #failures = 0;
  #openUntil = 0;
  #opened = 0;
  #trying = false;

  constructor(inner: CacheableResponder, options: CircuitOptions) {
    super(inner);
    this.#options = { failures: 5, openMs: 5_000, maxOpenMs: 60_000, ...options };
  }

  /** `half-open` = the next request tries, or is trying. */
  get state(): "closed" | "open" | "half-open" {
    if (this.#opened === 0) return "closed";
    return this.#options.clock.elapsed() < this.#openUntil ? "open" : "half-open";
  }

  override async respond(request: ResponderRequest): Promise<Reply> {
    const leftMs = this.#openUntil - this.#options.clock.elapsed();
    const tries = this.#opened > 0 && leftMs <= 0 && !this.#trying;
    if (this.#opened > 0 && !tries) {
      throw new ResponderError({
        retryable: true,
        unasked: "resting",
        retryAfterMs: Math.max(500, Math.ceil(leftMs)),
        reason: "The AI provider fails; it is not being asked until it has had a rest",
      });
    }
    this.#trying ||= tries;
    try {
      const reply = await this.inner.respond(request);
      this.#failures = 0;
      this.#opened = 0;
      return reply;
    } catch (thrown) {
      if (!request.signal.aborted) this.#failed(thrown, tries);
      throw thrown;
    } finally {
      if (tries) this.#trying = false;
    }
  }

  #failed(thrown: unknown, tried: boolean): void {
    const { statusCode, retryable } = thrown as { statusCode?: number; retryable?: boolean };
    // A refused request says that the provider is there; refused credentials help nobody.
    const alive = retryable === false && statusCode !== 401 && statusCode !== 403;
    if (alive) {
      this.#failures = 0;
      this.#opened = 0;
      return;
    }
    const { failures, openMs, maxOpenMs, clock } = this.#options;
    if (++this.#failures < failures && !tried) return;
    // What was sent before it opened says nothing new; only a failed try prolongs the rest.
    if (this.#opened > 0 && !tried) return;
    const restMs = Math.min(maxOpenMs, openMs * 2 ** Math.min(this.#opened++, 10));
    this.#openUntil = clock.elapsed() + restMs;
  }
}
