/** One computation that several callers wait for. */
export interface Flight<T> extends Cancellation {
  readonly key: string;
  readonly tags: readonly string[];
  /** Set when the key was written or cleared meanwhile: the result must not be stored. */
  obsolete: boolean;
  /** What the computation gave. */
  readonly result: Promise<T>;
}

/** Whether work is still wanted; its signal aborts once nobody waits for it any more. */
export interface Cancellation {
  readonly signal: AbortSignal;
  throwIfAborted(): void;
}

class Running implements Flight<unknown> {
  obsolete = false;
  waiting = 0;
  readonly result: Promise<unknown>;
  #resolve!: (value: unknown) => void;
  #reject!: (reason: unknown) => void;
  #aborted: { reason: unknown } | null = null;
  #controller: AbortController | null = null;

  constructor(readonly key: string, readonly tags: readonly string[]) {
    this.result = new Promise<unknown>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.result.catch(() => {});
  }

  begin(compute: (flight: Flight<unknown>) => Promise<unknown>): void {
    compute(this).then(this.#resolve, this.#reject);
  }

  /** Made for those who ask: it costs as much as all the rest of a computation. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#aborted !== null) this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  throwIfAborted(): void {
    if (this.#aborted !== null) throw this.#aborted.reason;
  }

  /** Ends the computation for its callers, even if it does not heed its signal. */
  abort(reason: unknown): void {
    if (this.#aborted !== null) return;
    this.#aborted = { reason };
    this.#reject(reason);
    this.#controller?.abort(reason);
  }
}

/** Lets callers of one key at one time share one computation; each may leave on its own. */
export class SingleFlight {
  readonly #flights = new Map<string, Running>();
  readonly #running = new Set<Running>();

  /**
   * Joins the computation of `key`, starting it if none runs. Rejects with the reason of `signal`
   * as soon as that aborts; the computation itself is aborted when its last caller has left.
   */
  join<T>(
    key: string,
    tags: readonly string[],
    compute: (flight: Flight<T>) => Promise<T>,
    signal?: AbortSignal,
  ): { result: Promise<T>; joined: boolean } {
    if (signal?.aborted) return { result: Promise.reject(signal.reason), joined: false };
    const running = this.#flights.get(key);
    const flight = running ?? this.#start(key, tags, compute as (f: Flight<unknown>) => Promise<T>);
    return { result: this.#wait(flight, signal) as Promise<T>, joined: running !== undefined };
  }

  /** Marks the computations it is asked about, so that nobody new joins and nothing is stored. */
  discard(concerns: (flight: Flight<unknown>) => boolean): void {
    for (const flight of this.#running) {
      if (concerns(flight)) this.#retire(flight);
    }
  }

  discardKey(key: string): void {
    const flight = this.#flights.get(key);
    if (flight) this.#retire(flight);
  }

  /** Aborts everything that runs. */
  abortAll(reason: unknown): void {
    for (const flight of [...this.#running]) {
      this.#retire(flight);
      flight.abort(reason);
    }
  }

  get size(): number {
    return this.#running.size;
  }

  #start(
    key: string,
    tags: readonly string[],
    compute: (flight: Flight<unknown>) => Promise<unknown>,
  ): Running {
    const flight = new Running(key, tags);
    this.#flights.set(key, flight);
    this.#running.add(flight);
    const end = () => {
      this.#running.delete(flight);
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    flight.result.then(end, end);
    flight.begin(compute);
    return flight;
  }

  #wait(flight: Running, signal?: AbortSignal): Promise<unknown> {
    flight.waiting++;
    if (!signal) return flight.result;
    return new Promise((resolve, reject) => {
      const leave = () => {
        reject(signal.reason);
        if (--flight.waiting === 0) {
          this.#retire(flight);
          flight.abort(signal.reason);
        }
      };
      signal.addEventListener("abort", leave, { once: true });
      flight.result.then(resolve, reject).finally(() => {
        signal.removeEventListener("abort", leave);
      });
    });
  }

  #retire(flight: Running): void {
    flight.obsolete = true;
    if (this.#flights.get(flight.key) === flight) this.#flights.delete(flight.key);
  }
}
