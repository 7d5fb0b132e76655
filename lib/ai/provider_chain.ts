import type { Logger } from "../log.ts";
import {
  assertAnswerable,
  type CacheableResponder,
  type Reply,
  ResponderError,
  type ResponderRequest,
} from "./responder.ts";
import { WrappedResponder } from "./wrapped_responder.ts";

/**
 * Asks one provider after the other until one answers; each has its own circuit breaker, so one
 * that fails again and again costs the others no time. To whoever asks and to the cache it is its
 * first provider; a reply of another one says so by `fallback`. A bot's own model is the first
 * provider's: the others are asked for theirs.
 */
export class ProviderChain extends WrappedResponder {
  readonly #others: readonly CacheableResponder[];
  readonly #log: Logger;

  constructor(first: CacheableResponder, others: readonly CacheableResponder[], log: Logger) {
    super(first);
    this.#others = others;
    this.#log = log;
  }

  override async respond(request: ResponderRequest): Promise<Reply> {
    assertAnswerable(request);
    const failures: ResponderError[] = [];
    let told = false;
    const onText = request.onText && ((text: string) => {
      told = true;
      request.onText!(text);
    });
    for (const provider of [this.inner, ...this.#others]) {
      const first = provider === this.inner;
      if (told) request.onRestart?.();
      told = false;
      try {
        const bot = first ? request.bot : { ...request.bot, model: undefined };
        const reply = await provider.respond({ ...request, bot, onText });
        return first ? reply : { ...reply, fallback: "provider" };
      } catch (thrown) {
        request.signal.throwIfAborted();
        if (!(thrown instanceof ResponderError)) throw thrown;
        failures.push(thrown);
        if (!thrown.unasked) {
          this.#log.warn("an AI provider failed; the next one is asked where there is one", {
            model: provider.model,
            reason: thrown.reason,
          });
        }
      }
    }
    throw whatFailed(failures);
  }
}

/** One error for all: worth a retry when any of them is, as soon as the first of them is. */
function whatFailed(failures: ResponderError[]): ResponderError {
  const retryable = failures.filter((failure) => failure.retryable);
  // Whoever is left alone was not asked, so what an asked one said tells more.
  const said = retryable.find(({ unasked }) => !unasked) ?? retryable[0];
  if (!said) return failures[0]!;
  const pauses = retryable.map(({ retryAfterMs }) => retryAfterMs ?? 0);
  return new ResponderError({
    retryable: true,
    reason: said.reason,
    statusCode: said.statusCode,
    unasked: failures.every(({ unasked }) => unasked) ? said.unasked : undefined,
    retryAfterMs: Math.min(...pauses) || undefined,
  });
}
