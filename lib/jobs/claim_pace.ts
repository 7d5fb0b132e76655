/** Jobs claimed ahead are about what starts between these two, in milliseconds. */
const SHORT_MS = 30;
const LONG_MS = 300;
const MOST = 500;

/** How many jobs to claim ahead: more where jobs are short, so that claims are fewer and larger. */
export class ClaimPace {
  #ahead: number;
  #claimedAt = 0;

  /** `least` is claimed ahead in any case. */
  constructor(readonly least: number) {
    this.#ahead = least;
  }

  get ahead(): number {
    return this.#ahead;
  }

  /** The claimed jobs run low and more are about to be claimed. */
  claim(now: number): void {
    const lastedMs = now - this.#claimedAt;
    this.#claimedAt = now;
    if (lastedMs < SHORT_MS) this.#ahead *= 2;
    else if (lastedMs > LONG_MS) this.#ahead = Math.ceil(this.#ahead / 2);
    this.#ahead = Math.max(this.least, Math.min(this.#ahead, MOST));
  }
}
