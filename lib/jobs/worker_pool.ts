import { type JobDefinition, JobError, type JobKind, type PerformContext } from "./definition.ts";
import type { FromWorker } from "./worker_side.ts";

export interface WorkerPoolOptions {
  /** A module that calls `performInWorker`. */
  module: URL;
  /** What its code may do; nothing at all when absent. */
  permissions?: Deno.PermissionOptions;
  /** Threads at most; 2 when absent. A job waits for a free one within its own time-out. */
  size?: number;
}

/**
 * Performs CPU-heavy kinds in threads of their own, with permissions of their own, so that the event
 * loop goes on. A thread is ended with its job's time-out, cancellation or crash, and made anew for
 * the next. `close` it after the engine has stopped.
 */
export class WorkerPool implements Disposable {
  readonly #options: WorkerPoolOptions;
  readonly #idle: Worker[] = [];
  readonly #busy = new Set<Worker>();
  readonly #waiting: (() => void)[] = [];
  #closed = false;

  /** Throws a RangeError for a size that is no whole number from 1. */
  constructor(options: WorkerPoolOptions) {
    const { size = 2 } = options;
    if (!Number.isSafeInteger(size) || size < 1) {
      throw new RangeError("the size of a worker pool is a whole number from 1");
    }
    this.#options = options;
  }

  /** Gives a declared kind a handler that runs in this pool; what the module returns is its result. */
  handle<P>(kind: JobKind<P>): JobDefinition<P> {
    return {
      ...kind,
      perform: async (job) => ({ type: "complete", value: await this.run(job) }),
    };
  }

  /** Performs one job in a free thread. Rejects with what it threw, or why it was ended. */
  async run(job: PerformContext<unknown>): Promise<unknown> {
    const worker = await this.#take(job.signal);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const abort = () => reject(job.signal.reason);
    job.signal.addEventListener("abort", abort);
    let reusable = false;
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.type === "progress") return job.progress(data.percent, data.message);
      reusable = true;
      if (data.type === "result") resolve(data.value);
      else reject(new JobError(data.message, data));
    };
    worker.onerror = (event) => {
      event.preventDefault(); // or it would end the process
      reject(new JobError(`the thread ended: ${event.message}`, { code: "worker_crashed" }));
    };
    try {
      job.signal.throwIfAborted();
      worker.postMessage({
        id: job.id,
        kind: job.kind,
        payload: job.payload,
        attempt: job.attempt,
      });
      return await promise;
    } finally {
      job.signal.removeEventListener("abort", abort);
      this.#give(worker, reusable);
    }
  }

  close(): void {
    this.#closed = true;
    for (const worker of [...this.#idle.splice(0), ...this.#busy]) worker.terminate();
    this.#busy.clear();
    for (const wake of this.#waiting.splice(0)) wake();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #take(signal: AbortSignal): Promise<Worker> {
    const { size = 2 } = this.#options;
    while (this.#idle.length === 0 && this.#busy.size >= size && !this.#closed) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      signal.addEventListener("abort", () => resolve(), { once: true });
      await promise;
      signal.throwIfAborted();
    }
    if (this.#closed) throw new Error("the pool is closed");
    const worker = this.#idle.pop() ?? this.#open();
    this.#busy.add(worker);
    return worker;
  }

  #give(worker: Worker, reusable: boolean): void {
    if (!this.#busy.delete(worker)) return; // closed meanwhile
    if (reusable) this.#idle.push(worker);
    else worker.terminate();
    this.#waiting.shift()?.();
  }

  #open(): Worker {
    const { module, permissions = "none" } = this.#options;
    return new Worker(module, { type: "module", deno: { permissions } });
  }
}
