import type { Clock } from "../clock.ts";

export interface BreakerOptions {
  clock: Clock;
  /** Asks whether the service answers again. Must settle within a bounded time. */
  probe: () => Promise<boolean>;
  onOpen: (reason: string) => void;
  onClose: (openForMs: number) => void;
  minDelayMs?: number;
  maxDelayMs?: number;
}

/**
 * Keeps callers away from a service that does not answer. One failure opens it; from then on only
 * its own probes find out whether the service is back, so that no caller ever waits to learn it.
 */
export class Breaker {
  readonly #options: Required<BreakerOptions>;
  #reason: string | null;
  #since: number;
  #attempt = 0;
  #probing = false;
  #probeAgain = false;
  #stopped = false;
  #cancelTimer: (() => void) | null = null;

  /** Starts open: nothing is known of the service before the first probe. */
  constructor(options: BreakerOptions) {
    this.#options = { minDelayMs: 100, maxDelayMs: 2_000, ...options };
    this.#reason = "not connected yet";
    this.#since = options.clock.now();
  }

  get closed(): boolean {
    return this.#reason === null;
  }

  get state(): "closed" | "open" | "half-open" {
    return this.#reason === null ? "closed" : this.#probing ? "half-open" : "open";
  }

  /** Why it is open; null when it is not. */
  get reason(): string | null {
    return this.#reason;
  }

  /** When it came into its present state. */
  get since(): number {
    return this.#since;
  }

  /** Reports a failure: opens, and asks at once whether that was more than a hiccup. */
  trip(reason: string): void {
    if (this.#stopped) return;
    const wasClosed = this.#reason === null;
    this.#reason = reason;
    if (!wasClosed) return;
    this.#since = this.#options.clock.now();
    this.#attempt = 0;
    this.#options.onOpen(reason);
    this.probeNow();
  }

  /** Probes without waiting for the next attempt's time, because something has changed. */
  probeNow(): void {
    if (this.#stopped || this.#reason === null) return;
    if (this.#probing) {
      this.#probeAgain = true;
      return;
    }
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    void this.#probe();
  }

  /** Ends all probing; the breaker stays as it is. */
  stop(): void {
    this.#stopped = true;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  async #probe(): Promise<void> {
    this.#probing = true;
    this.#probeAgain = false;
    const answered = await this.#options.probe().catch(() => false);
    this.#probing = false;
    if (this.#stopped) return;
    if (answered) {
      const openForMs = this.#options.clock.now() - this.#since;
      this.#reason = null;
      this.#since = this.#options.clock.now();
      this.#attempt = 0;
      this.#options.onClose(openForMs);
    } else if (this.#probeAgain) {
      void this.#probe();
    } else {
      const delay = Math.min(
        this.#options.maxDelayMs,
        this.#options.minDelayMs * 2 ** Math.min(this.#attempt++, 10),
      );
      this.#cancelTimer = this.#options.clock.after(delay, () => {
        this.#cancelTimer = null;
        void this.#probe();
      });
    }
  }
}
