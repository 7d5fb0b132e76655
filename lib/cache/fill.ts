import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type { Factory, GetOrSetOptions, Resolved, SetOptions } from "./cache.ts";
import type { EntryReader } from "./entry_reader.ts";
import type { EntryWriter } from "./entry_writer.ts";
import { isUsableKey, namespaceOf } from "./key_space.ts";
import type { Leases } from "./lease.ts";
import { NOTHING } from "./payload.ts";
import { type Flight, SingleFlight } from "./single_flight.ts";

/** A look into Redis that came before, and what it left. */
export interface FillStart {
  /** When an entry that is there, but cannot be used, was made; 0 = there is none. */
  useless: number;
  /** What Redis may still take of this caller's time. */
  leftMs: number;
  /** False when a stale value has been given already: then another process's work is enough. */
  needed: boolean;
}

/** Said by a refresh that left the work to another process, to whoever has joined it meanwhile. */
export class ComputedElsewhere extends Error {}

/** Computes what is missing: once for all who wait in this process, and once of all processes. */
export class Fills {
  readonly flights = new SingleFlight();
  closed = false;

  constructor(
    readonly reader: EntryReader,
    readonly writer: EntryWriter,
    readonly leases: Leases | null,
    readonly clock: Clock,
  ) {}

  /** Aborts what is being computed. */
  close(): void {
    this.closed = true;
    this.flights.abortAll(this.closing());
  }

  closing(): AppError {
    return new AppError("unavailable", "the cache is closing");
  }

  /** Joins or starts the computation of an entry. */
  compute<T>(
    key: string,
    factory: Factory<T>,
    options: GetOrSetOptions<T>,
    start: FillStart,
    signal?: AbortSignal,
  ): { result: Promise<Resolved<T>>; joined: boolean } {
    return this.flights.join<Resolved<T>>(
      key,
      options.tags ?? [],
      (flight) => this.#fill(key, factory, options, start, flight),
      signal,
    );
  }

  async #fill<T>(
    key: string,
    factory: Factory<T>,
    options: GetOrSetOptions<T>,
    start: FillStart,
    flight: Flight<Resolved<T>>,
  ): Promise<Resolved<T>> {
    const now = this.clock.now();
    // Somebody may have been quicker between this caller's look and its turn.
    const local = this.reader.local(key, now, options);
    if (start.needed && local && local.freshUntil > now && local.createdAt !== start.useless) {
      return { value: local.value as T, source: "hit" };
    }
    const turn = await this.#turn(key, options, start, flight);
    if (turn === null) throw new ComputedElsewhere();
    if (turn.kind === "found") return { value: turn.found.value as T, source: "hit" };
    try {
      flight.throwIfAborted();
      let store = true;
      const startedAt = this.clock.now();
      const value = await factory({
        get signal() {
          return flight.signal;
        },
        doNotStore: () => {
          store = false;
        },
      });
      const { counters } = this.writer;
      const costMs = this.clock.now() - startedAt;
      const counts = counters.namespaces.of(namespaceOf(key));
      counters.fill(counts, costMs);
      if (!store) return { value, source: "computed" };
      if (flight.obsolete) {
        counters.refuse("obsolete", counts);
        return { value, source: "computed" };
      }
      if (!fits(value, options)) {
        counters.refuse("unfit", counts);
        return { value, source: "computed" };
      }
      const { fence, leftMs } = turn;
      const kept = await this.writer.keep(key, ...this.#kept(value, options), {
        costMs,
        fence,
        leftMs,
      });
      return { value: asRead(kept ? kept.value as T : value, options), source: "computed" };
    } finally {
      turn.end();
    }
  }

  /** What is written down for a value, and how. */
  #kept<T>(value: T, options: GetOrSetOptions<T>): [unknown, SetOptions] {
    const { staleSeconds = 0, graceSeconds = 0 } = options;
    const keepStaleSeconds = staleSeconds > graceSeconds ? staleSeconds : graceSeconds;
    const { nothingTtlSeconds } = options;
    if (nothingTtlSeconds === undefined || (value !== undefined && value !== null)) {
      return [value, { ...options, keepStaleSeconds }];
    }
    return [NOTHING, { ...options, ttlSeconds: nothingTtlSeconds }];
  }

  #turn<T>(
    key: string,
    options: GetOrSetOptions<T>,
    start: FillStart,
    flight: Flight<Resolved<T>>,
  ): ReturnType<Leases["turn"]> {
    const { leases } = this;
    if (leases === null || !leases.redis.link.connected || !isUsableKey(key)) {
      const fence = null;
      return Promise.resolve({ kind: "compute", fence, leftMs: start.leftMs, end: () => {} });
    }
    return leases.turn(key, {
      schema: options.schema,
      tags: options.tags ?? [],
      cancellation: flight,
      useless: start.useless,
      leftMs: start.leftMs,
      wait: start.needed,
    });
  }
}

/** Whether readers with the same schema would take a value. */
function fits<T>(value: T, { schema, nothingTtlSeconds }: GetOrSetOptions<T>): boolean {
  const nothing = value === undefined || value === null;
  return !schema || (nothing && nothingTtlSeconds !== undefined) || schema.safeParse(value).success;
}

/** A value as the next reader will have it: a schema may leave out, fill in and convert. */
function asRead<T>(value: T, { schema }: GetOrSetOptions<T>): T {
  const parsed = value === undefined ? undefined : schema?.safeParse(value);
  return parsed?.success ? parsed.data : value;
}
