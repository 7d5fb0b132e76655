/** One computation that several callers wait for. */
export interface Flight<T> {
  readonly key: string;
  readonly tags: readonly string[];
  /** Aborts once nobody waits for the result any more. */
  readonly signal: AbortSignal;
  /** Set when the key was written or cleared meanwhile: the result must not be stored. */
  obsolete: boolean;
  /** What the computation gave. */
  readonly result: Promise<T>;
}

interface Running extends Flight<unknown> {
  result: Promise<unknown>;
  waiting: number;
  abort: AbortController;
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
      flight.abort.abort(reason);
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
    const abort = new AbortController();
    const flight: Running = {
      key,
      tags,
      signal: abort.signal,
      obsolete: false,
      waiting: 0,
      abort,
      result: Promise.resolve(),
    };
    this.#flights.set(key, flight);
    this.#running.add(flight);
    flight.result = new Promise<unknown>((resolve, reject) => {
      // An aborted computation ends for its callers even if it does not heed its signal.
      flight.signal.addEventListener("abort", () => reject(flight.signal.reason), { once: true });
      (async () => await compute(flight))().then(resolve, reject);
    }).finally(() => {
      this.#running.delete(flight);
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    });
    flight.result.catch(() => {});
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
          flight.abort.abort(signal.reason);
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
