import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type { Factory, GetOrSetOptions, Resolved } from "./cache.ts";
import type { EntryReader, Found } from "./entry_reader.ts";
import { ComputedElsewhere, type Fills, type FillStart } from "./fill.ts";
import { namespaceOf } from "./key_space.ts";
import type { LookupCounters } from "./lookup_counters.ts";
import type { MemoryHit } from "./memory_store.ts";
import type { NamespaceCounts } from "./namespace_counts.ts";

/** A refresh that nobody waits for has this long. */
const REFRESH_MS = 60_000;
const MIN_LEFT_MS = 20;
/** Refreshes of other callers that one may join in vain. */
const MAX_JOINS = 3;

/** Decides between what is kept, what is too old, and computing anew. */
export class Resolver {
  constructor(
    readonly reader: EntryReader,
    readonly fills: Fills,
    readonly counters: LookupCounters,
    readonly clock: Clock,
    /** How long Redis may take in one call, over all its commands. */
    readonly budgetMs: number,
  ) {}

  async resolve<T>(
    key: string,
    factory: Factory<T>,
    options: GetOrSetOptions<T>,
  ): Promise<Resolved<T>> {
    options.signal?.throwIfAborted();
    const wait = this.#beginWait(options);
    try {
      return await this.#resolve(key, factory, options, wait.signal);
    } finally {
      wait.end();
    }
  }

  async #resolve<T>(
    key: string,
    factory: Factory<T>,
    options: GetOrSetOptions<T>,
    signal: AbortSignal | undefined,
  ): Promise<Resolved<T>> {
    const counts = this.counters.namespaces.of(namespaceOf(key));
    const startedAt = performance.now();
    const wasClosed = this.fills.closed;
    const looked = await this.#look(key, counts, options);
    // A computation begun now would have nobody to end it.
    if (this.fills.closed && !wasClosed) throw this.fills.closing();
    const { found } = looked;
    const now = this.clock.now();
    if (found && found.freshUntil > now) {
      if (wantsEarlyRefresh(found, now, options.earlyRefresh)) {
        this.#refresh(key, factory, options, found);
      }
      return this.#hit(found, counts, "hit");
    }
    if (found && now < found.freshUntil + (options.staleSeconds ?? 0) * 1_000) {
      this.#refresh(key, factory, options, found);
      return this.#hit(found, counts, "stale");
    }
    const grace = found && now < found.freshUntil + (options.graceSeconds ?? 0) * 1_000
      ? found
      : null;
    const leftMs = Math.max(MIN_LEFT_MS, this.budgetMs - (performance.now() - startedAt));
    const start = { useless: found?.createdAt ?? looked.useless, leftMs, needed: true };
    try {
      const computed = this.#share(key, factory, options, start, signal);
      const resolved = await this.#orSoftTimeout(computed, grace && options.softTimeoutMs);
      if (resolved === null) return this.#hit(grace!, counts, "stale");
      if (resolved.source !== "hit") this.counters.miss(counts);
      else this.counters.hit(counts, this.reader.tiers.redis ? "redis" : "process", now);
      return resolved;
    } catch (error) {
      if (grace && !options.signal?.aborted) return this.#hit(grace, counts, "stale");
      this.counters.miss(counts);
      throw error;
    }
  }

  async #look<T>(
    key: string,
    counts: NamespaceCounts,
    options: GetOrSetOptions<T>,
  ): Promise<{ found: Found | null; useless: number }> {
    const local = this.reader.local(key, this.clock.now(), options);
    if (local) return { found: localFound(local), useless: 0 };
    if (!this.reader.tiers.redis) return { found: null, useless: 0 };
    const reading = await this.reader.shared(key, counts, options);
    if (reading.state === "found") return { found: reading.found, useless: 0 };
    return { found: null, useless: reading.state === "none" ? reading.useless : 0 };
  }

  /** The signal that ends this caller's wait, its own or that of its time. */
  #beginWait(options: GetOrSetOptions<unknown>): { signal?: AbortSignal; end: () => void } {
    const { signal, timeoutMs } = options;
    if (timeoutMs === undefined || Number.isNaN(timeoutMs)) return { signal, end: () => {} };
    const limit = new AbortController();
    const end = this.clock.after(timeoutMs, () => {
      limit.abort(new AppError("timeout", `computing took longer than ${timeoutMs} ms`));
    });
    return { signal: signal ? AbortSignal.any([signal, limit.signal]) : limit.signal, end };
  }

  /** What the computation gives; null when it takes longer than `ms`. */
  #orSoftTimeout<T>(
    computed: Promise<Resolved<T>>,
    ms: number | null | undefined,
  ): Promise<Resolved<T> | null> {
    if (ms === null || ms === undefined) return computed;
    computed.catch(() => {});
    let cancel = () => {};
    const timeout = new Promise<null>((resolve) => {
      cancel = this.clock.after(ms, () => resolve(null));
    });
    return Promise.race([computed, timeout]).finally(() => cancel());
  }

  async #share<T>(
    key: string,
    factory: Factory<T>,
    options: GetOrSetOptions<T>,
    start: FillStart,
    signal?: AbortSignal,
  ): Promise<Resolved<T>> {
    for (let attempt = 0;; attempt++) {
      const { result, joined } = this.fills.compute(key, factory, options, start, signal);
      try {
        const resolved = await result;
        if (!joined || resolved.source !== "computed") return resolved;
        return { value: resolved.value, source: "shared" };
      } catch (error) {
        if (!(error instanceof ComputedElsewhere) || attempt >= MAX_JOINS) throw error;
      }
    }
  }

  /** Computes anew behind the caller's back; a failure leaves what there is. */
  #refresh<T>(
    key: string,
    factory: Factory<T>,
    options: GetOrSetOptions<T>,
    found: Found,
  ): void {
    const limit = new AbortController();
    const cancel = this.clock.after(options.timeoutMs ?? REFRESH_MS, () => {
      limit.abort(new AppError("timeout", "refreshing took too long"));
    });
    const start = { useless: found.createdAt, leftMs: this.budgetMs, needed: false };
    this.fills.compute(key, factory, options, start, limit.signal).result
      .catch(() => {})
      .finally(cancel);
  }

  #hit<T>(found: Found, counts: NamespaceCounts, source: "hit" | "stale"): Resolved<T> {
    this.counters.hit(counts, found.tier, this.clock.now());
    if (source === "stale") this.counters.stale(counts);
    return { value: found.value as T, source };
  }
}

function localFound(hit: MemoryHit): Found {
  const { value, createdAt, freshUntil, expiresAt, costMs, tags, bytes } = hit;
  return { value, createdAt, freshUntil, expiresAt, costMs, tags, bytes, tier: "process" };
}

/**
 * XFetch: true when now − cost × beta × ln(random) has passed the end. Vattani, Chierichetti and
 * Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015.
 */
function wantsEarlyRefresh(found: Found, now: number, beta: number | undefined): boolean {
  if (beta === undefined || beta <= 0) return false;
  const gap = -found.costMs * beta * Math.log(1 - Math.random());
  return now + gap >= found.freshUntil;
}
