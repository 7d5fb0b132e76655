import { type Clock, systemClock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { HealthStatus } from "./checks/check.ts";

export interface HeartbeatOptions {
  /** Called with GET; its answer does not matter. */
  url: string;
  health: () => Promise<{ status: HealthStatus }>;
  log: Logger;
  clock?: Clock;
  everyMs?: number;
}

const EVERY_MS = 60_000;
const TIMEOUT_MS = 10_000;

/**
 * Calls an address each minute while the service is healthy, so that a watch elsewhere notices when
 * the calls stop, whatever stopped them. Works between `start` and `close`.
 */
export class Heartbeat {
  readonly #options: Required<HeartbeatOptions>;
  readonly #closing = new AbortController();
  #cancel: () => void = () => {};
  #beating: Promise<void> = Promise.resolve();

  constructor(options: HeartbeatOptions) {
    this.#options = { clock: systemClock, everyMs: EVERY_MS, ...options };
  }

  start(): void {
    const { clock, everyMs } = this.#options;
    this.#cancel = clock.after(everyMs, () => {
      void this.beat().finally(() => this.#closing.signal.aborted || this.start());
    });
  }

  /** Calls now, if the service is healthy; resolves when that call has ended. */
  beat(): Promise<void> {
    return this.#beating = this.#beat();
  }

  /** Resolves when no call is under way any more. */
  async close(): Promise<void> {
    this.#cancel();
    this.#closing.abort();
    await this.#beating;
  }

  /** Resolves when the call that is under way has ended. */
  settled(): Promise<void> {
    return this.#beating;
  }

  async #beat(): Promise<void> {
    const { health, url, log } = this.#options;
    try {
      const { status } = await health();
      if (status !== "healthy") return;
      const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(TIMEOUT_MS)]);
      const response = await fetch(url, { signal, redirect: "manual" });
      await response.body?.cancel();
      if (response.status >= 400) throw new Error(`it answered ${response.status}`);
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      // The address is a secret, and fetch puts it into its messages.
      const reason = messageOf(error, 200).replaceAll(url, "HEARTBEAT_URL");
      log.warn("the heartbeat did not get through", { reason });
    }
  }
}
