import type { Clock } from "../clock.ts";
import type { Logger } from "../log.ts";
import type { JobEngine } from "./engine.ts";

export interface WorkWindowsOptions {
  engine: JobEngine;
  clock: Clock;
  log: Logger;
  /** What runs when a window has to close has this long to end. */
  graceMs?: number;
}

/** A window is looked at this often, and closes when so many looks in a row found nothing to do. */
const LOOK_MS = 1_000;
const IDLE_LOOKS = 2;
const GRACE_MS = 1_000;

/**
 * Lets an engine with `leaseMs` work in windows instead of always, for a process that is woken and
 * put to sleep by others: one opens when this process queues a job or a tick finds one due, and
 * closes when there is nothing left to do. In between the process holds no lease and reads nothing.
 */
export class WorkWindows {
  readonly #options: WorkWindowsOptions;
  readonly #unsubscribe: () => void;
  #window: Promise<void> | null = null;
  #arrived = false;
  #closing = false;
  #wake: () => void = () => {};

  constructor(options: WorkWindowsOptions) {
    this.#options = options;
    this.#unsubscribe = options.engine.onArrival(() => {
      this.#arrived = true;
      void this.#open();
    });
  }

  /** True while this process may hold queues. */
  get isOpen(): boolean {
    return this.#window !== null;
  }

  /** Works off what is due; resolves when that is done, or after `maxMs` while the work goes on. */
  async work(maxMs: number): Promise<void> {
    const { engine, clock } = this.#options;
    if (this.#closing || !(this.#window || await engine.isDue())) return;
    let cancel = () => {};
    const enough = new Promise<void>((resolve) => cancel = clock.after(maxMs, resolve));
    await Promise.race([this.#open(), enough]);
    cancel();
  }

  /** Opens no window any more, and closes the one that is open. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#unsubscribe();
    this.#wake();
    await this.#window;
  }

  #open(): Promise<void> {
    if (this.#closing) return Promise.resolve();
    return this.#window ??= this.#run().finally(() => this.#window = null);
  }

  async #run(): Promise<void> {
    const { engine, log, graceMs = GRACE_MS } = this.#options;
    do {
      this.#arrived = false;
      try {
        await engine.start();
        await this.#untilIdle();
      } catch (error) {
        log.error("work was broken off", { error });
      }
      // Also after a failure, so that others need not wait for the lease to run out.
      await engine.rest(graceMs).catch((error) => {
        log.error("queues could not be given back", { error });
      });
      // What came while the window closed would otherwise wait for the next tick.
    } while (this.#arrived && !this.#closing);
  }

  async #untilIdle(): Promise<void> {
    const { engine } = this.#options;
    for (let idle = 0; idle < IDLE_LOOKS && engine.working && !this.#closing;) {
      await this.#pause();
      const arrived = this.#arrived;
      this.#arrived = false;
      idle = !arrived && await engine.isIdle() ? idle + 1 : 0;
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(LOOK_MS, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
      if (this.#closing) this.#wake();
    });
  }
}
