import { WrappedResponder } from "../ai/wrapped_responder.ts";
import { type Reply, ResponderError, type ResponderRequest } from "../ai/responder.ts";
import { messageOf } from "../errors.ts";
import type { ProviderState } from "./checks/services.ts";

/** Failures in a row after which a provider counts as down. */
const DOWN_AFTER = 3;

/**
 * A responder that remembers how its last calls went, so that health can say so without a call of
 * its own. One failure among answers is no fault; three in a row are.
 */
export class ProviderWatch extends WrappedResponder {
  #failures = 0;
  #answered = false;
  #lastFailure = "";

  override async respond(request: ResponderRequest): Promise<Reply> {
    try {
      const reply = await this.inner.respond(request);
      this.#answered = true;
      this.#failures = 0;
      return reply;
    } catch (thrown) {
      // Whoever hung up, a request that is wrong in itself, and one that a circuit breaker kept back
      // say nothing about the provider.
      if (!request.signal.aborted && !isCallersFault(thrown) && !wasKeptBack(thrown)) {
        this.#failures++;
        this.#lastFailure = messageOf(thrown, 200);
      }
      throw thrown;
    }
  }

  /** How the provider did lately. */
  state(): ProviderState {
    const name = this.name;
    if (this.#failures >= DOWN_AFTER) {
      const detail = `${this.#failures} calls in a row failed, the last: ${this.#lastFailure}`;
      return { name, healthy: false, detail };
    }
    return this.#answered
      ? { name, healthy: true, detail: `${name} answers` }
      : { name, healthy: null, detail: `${name} has not been asked yet` };
  }
}

/** How a chain of providers does: as badly as any of them, so that a stand-in is not unnoticed. */
export function stateOf(providers: readonly ProviderWatch[]): ProviderState {
  const states = providers.map((provider) => provider.state());
  const down = states.flatMap((state, i) =>
    state.healthy === false ? [{ ...state, model: providers[i]!.model }] : []
  );
  if (providers.length === 1 || down.length === 0) return states[0]!;
  const detail = down.map(({ model, detail }) => `${model}: ${detail}`).join("; ");
  return { name: states[0]!.name, healthy: false, detail };
}

const wasKeptBack = (thrown: unknown): boolean =>
  thrown instanceof ResponderError && thrown.unasked !== undefined;

function isCallersFault(thrown: unknown): boolean {
  const { statusCode } = thrown as { statusCode?: unknown };
  return statusCode === 400 || statusCode === 413 || statusCode === 422;
}
