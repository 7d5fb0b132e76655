import type { Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { Logger } from "../log.ts";
import { within } from "./deadline.ts";
import {
  COUNT_FIELDS,
  type CountField,
  type Counts,
  HISTORY_METRICS,
  type HistoryMetric,
} from "./history_record.ts";
import { type Baseline, type Granularity, HistoryStore, STEP_MS } from "./history_store.ts";
import { round2 } from "../analytics/rounding.ts";
import { performanceScore, type Score, type ScoreInputs } from "./score.ts";
import type { SystemSource } from "./system.ts";
import { rate, WindowedCounts } from "./windowed_counts.ts";

/** What the history reads once a minute. */
export interface HistoryPorts {
  system: SystemSource;
  /** Lookups of the cache since this process started. */
  cacheLookups(): { hits: number; misses: number } | Promise<{ hits: number; misses: number }>;
  /** Live conversation turns that ever completed or failed (cancelled ones left out); durable. */
  outcomes(): Baseline | Promise<Baseline>;
  /** Jobs that wait over all queues, and the p95 of answering a conversation; null without any. */
  load(): Promise<{ queueDepth: number; latencyMs: number | null }>;
}

export interface HistoryQuery {
  metrics: HistoryMetric[];
  /** Milliseconds since the epoch; from ≤ t < to. */
  from: number;
  to: number;
  /** Absent: minutes where the whole range still has them, else hours. */
  granularity?: Granularity;
}

/** A point for every minute or hour that was recorded; a metric without observations is null. */
export interface HistorySeries {
  granularity: Granularity;
  from: string;
  to: string;
  points: ({ at: string } & Partial<Record<HistoryMetric, number | null>>)[];
}

/** Rates, and over how many lookups and ended turns. */
export interface Rates {
  hitRate: number | null;
  lookups: number;
  successRate: number | null;
  ended: number;
}

const WINDOW_MINUTES = 24 * 60;
const PORT_TIMEOUT_MS = 1_000;
const SWEEP_EVERY_MINUTES = 60;

/**
 * Keeps score, CPU, memory, rates, depth and latency per minute and per hour, and the counts of the
 * last 24 h that the score is made of; both outlive a restart. Works between `start` and `close`.
 */
export class PerformanceHistory {
  readonly #store: HistoryStore;
  readonly #ports: HistoryPorts;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #counts = new WindowedCounts<CountField>(WINDOW_MINUTES, COUNT_FIELDS);
  #lookups = { hits: 0, misses: 0 };
  #outcomes: Baseline | null = null;
  #cancel: (() => void) | null = null;
  #observing: Promise<void> | null = null;
  #recording: Promise<void> = Promise.resolve();

  constructor(store: HistoryStore, ports: HistoryPorts, log: Logger, clock: Clock) {
    this.#store = store;
    this.#ports = ports;
    this.#log = log;
    this.#clock = clock;
  }

  /** Loads the last 24 hours and starts recording at the end of every minute. */
  async start(): Promise<void> {
    const minute = this.#minute();
    for (
      const { index, record } of await this.#store.list(
        "minute",
        minute - WINDOW_MINUTES + 1,
        minute + 1,
      )
    ) this.#counts.add(index, record);
    // The counters of conversations went on in the database while nobody looked.
    this.#outcomes = await this.#store.baseline();
    this.#schedule();
  }

  /** Records the minute so far and stops. */
  async close(): Promise<void> {
    if (!this.#cancel) return;
    this.#cancel();
    this.#cancel = null;
    await this.#recording;
    await this.#record(this.#minute());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Hit rate and success rate of the last 24 h in percent, null over nothing; CPU and memory of now. */
  async scoreInputs(): Promise<ScoreInputs> {
    const { hitRate, successRate } = await this.rates();
    const { cpuPercent, memoryPercent } = this.#ports.system.latest();
    return { hitRate, successRate, cpuPercent, memoryPercent };
  }

  /** The rates of the last 24 h in percent, null over nothing, and over how much they are. */
  async rates(): Promise<Rates> {
    await this.#observe(this.#minute());
    const total = this.#counts.total(this.#minute());
    const ended = total.completed + total.failed;
    return {
      hitRate: rate(total.hits, total.lookups),
      lookups: total.lookups,
      successRate: rate(total.completed, ended),
      ended,
    };
  }

  async score(): Promise<Score> {
    return performanceScore(await this.scoreInputs());
  }

  /** Resolves when every minute that has ended is recorded. */
  settled(): Promise<void> {
    return this.#recording;
  }

  /** What `GET /performance/history` shows. */
  async read(query: HistoryQuery): Promise<HistorySeries> {
    const oldestMinute = this.#clock.now() - this.#store.kept.minute * STEP_MS.minute;
    const granularity = query.granularity ?? (query.from >= oldestMinute ? "minute" : "hour");
    const step = STEP_MS[granularity];
    const from = Math.floor(query.from / step);
    const records = await this.#store.list(granularity, from, Math.ceil(query.to / step));
    return {
      granularity,
      from: new Date(query.from).toISOString(),
      to: new Date(query.to).toISOString(),
      points: records.map(({ index, record }) => {
        const point: HistorySeries["points"][number] = { at: new Date(index * step).toISOString() };
        for (const metric of query.metrics) {
          const value = HISTORY_METRICS[metric](record);
          point[metric] = value === null ? null : round2(value);
        }
        return point;
      }),
    };
  }

  #minute(): number {
    return Math.floor(this.#clock.now() / STEP_MS.minute);
  }

  #schedule(): void {
    const minute = this.#minute();
    const untilNext = (minute + 1) * STEP_MS.minute - this.#clock.now();
    this.#cancel = this.#clock.after(untilNext, () => {
      this.#schedule();
      this.#recording = this.#recording.then(() => this.#record(minute));
    });
  }

  async #record(minute: number): Promise<void> {
    try {
      await this.#observe(minute);
      const load = await within(() => this.#ports.load(), PORT_TIMEOUT_MS, this.#clock);
      const { cpuMinutePercent, memoryPercent } = this.#ports.system.latest();
      const { performance_score } = await this.score();
      await this.#store.put(minute, {
        ...this.#counts.at(minute),
        score: performance_score,
        cpuPercent: cpuMinutePercent,
        memoryPercent,
        ...load,
      }, this.#outcomes ?? { completed: 0, failed: 0 });
      if (minute % SWEEP_EVERY_MINUTES === 0) await this.#store.sweep(this.#clock.now());
    } catch (error) {
      this.#log.warn("a minute of the performance history is missing", { error: messageOf(error) });
    }
  }

  /** Moves what was counted since the last look into `minute`; callers at one moment share a look. */
  #observe(minute: number): Promise<void> {
    // A look that hangs is waited for in vain by many, but never overtaken: it would count twice.
    const look = this.#observing ??= this.#look(minute).finally(() => this.#observing = null);
    return within(() => look, PORT_TIMEOUT_MS, this.#clock)
      .catch((error) => this.#log.debug("counters did not answer", { error: messageOf(error) }));
  }

  async #look(minute: number): Promise<void> {
    const [lookups, outcomes] = await Promise.all([
      this.#ports.cacheLookups(),
      this.#ports.outcomes(),
    ]);
    const hits = sinceStart(this.#lookups.hits, lookups.hits);
    const counts: Counts = {
      hits,
      lookups: hits + sinceStart(this.#lookups.misses, lookups.misses),
      completed: Math.max(0, outcomes.completed - (this.#outcomes?.completed ?? 0)),
      failed: Math.max(0, outcomes.failed - (this.#outcomes?.failed ?? 0)),
    };
    this.#lookups = lookups;
    this.#outcomes = outcomes;
    this.#counts.add(minute, counts);
  }
}

/** How far a counter went from `before` to `now`; one that fell back was started again. */
function sinceStart(before: number, now: number): number {
  return now >= before ? now - before : now;
}
