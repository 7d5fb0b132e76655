import type { CacheableResponder, Reply, ResponderRequest } from "./responder.ts";

/** A responder around another one, which in all but answering is that one. */
export abstract class WrappedResponder implements CacheableResponder {
  constructor(readonly inner: CacheableResponder) {}

  get name(): string {
    return this.inner.name;
  }

  get model(): string | null {
    return this.inner.model;
  }

  get variant(): string {
    return this.inner.variant;
  }

  get defaultPolicy(): CacheableResponder["defaultPolicy"] {
    return this.inner.defaultPolicy;
  }

  get usesHistory(): boolean {
    return this.inner.usesHistory;
  }

  keyText(message: string): string {
    return this.inner.keyText(message);
  }

  abstract respond(request: ResponderRequest): Promise<Reply>;
}
