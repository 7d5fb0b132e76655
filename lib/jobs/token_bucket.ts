/** A rate limit: `ratePerSecond` on average, bursts of up to one second's worth (at least one). */
export class TokenBucket {
  #tokens: number;
  #filledAt: number;

  constructor(readonly ratePerSecond: number, now: number) {
    this.#tokens = Math.max(1, ratePerSecond);
    this.#filledAt = now;
  }

  /** Takes one token. False when there is none; `msUntilNext` says how long that lasts. */
  take(now: number): boolean {
    this.#fill(now);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  msUntilNext(now: number): number {
    this.#fill(now);
    return Math.max(0, Math.ceil((1 - this.#tokens) / this.ratePerSecond * 1000));
  }

  #fill(now: number): void {
    const elapsed = Math.max(0, now - this.#filledAt);
    this.#filledAt = now;
    const most = Math.max(1, this.ratePerSecond);
    this.#tokens = Math.min(most, this.#tokens + elapsed / 1000 * this.ratePerSecond);
  }
}
