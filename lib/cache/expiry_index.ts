/** Which keys expire in which second, so that the expired are found without looking at the rest. */
export class ExpiryIndex {
  readonly #buckets = new Map<number, Set<string>>();
  #purgedUntil: number;

  constructor(nowMs: number) {
    this.#purgedUntil = second(nowMs);
  }

  add(key: string, expiresAt: number): void {
    const at = second(expiresAt);
    const bucket = this.#buckets.get(at);
    if (bucket) bucket.add(key);
    else this.#buckets.set(at, new Set([key]));
  }

  remove(key: string, expiresAt: number): void {
    const at = second(expiresAt);
    const bucket = this.#buckets.get(at);
    if (bucket?.delete(key) && bucket.size === 0) this.#buckets.delete(at);
  }

  /** Every key whose second has begun; the caller must check the millisecond and remove them. */
  *due(nowMs: number): Iterable<string> {
    const now = second(nowMs);
    if (now - this.#purgedUntil > this.#buckets.size) {
      for (const at of [...this.#buckets.keys()]) if (at <= now) yield* this.#keysOf(at);
    } else {
      for (let at = this.#purgedUntil; at <= now; at++) yield* this.#keysOf(at);
    }
    this.#purgedUntil = now;
  }

  #keysOf(at: number): string[] {
    return [...this.#buckets.get(at) ?? []];
  }
}

function second(ms: number): number {
  return Math.floor(ms / 1_000);
}
