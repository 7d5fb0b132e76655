import { type Clock, systemClock } from "../clock.ts";
import {
  type CheckResult,
  failedResult,
  type HealthCheck,
  type HealthStatus,
  worst,
} from "./checks/check.ts";
import { within } from "./deadline.ts";
import type { MemorySource } from "./machine.ts";
import { round2 } from "../analytics/rounding.ts";
import type { SystemSource } from "./system.ts";

/** The wire shape of `GET /health`. */
export interface HealthReport {
  timestamp: string;
  status: HealthStatus;
  /** When a report first said so, since this process began. */
  since: string;
  system: {
    cpu_percent: number;
    memory_percent: number;
    disk_percent: number;
    /** What memory is measured against. */
    memory_source: MemorySource;
    disk_free_bytes: number;
    event_loop_lag_ms: number;
    rss_bytes: number;
  };
  services: { redis_healthy: boolean; database_healthy: boolean };
  redis_info: { connected_clients: number; used_memory_human: string } | null;
  checks: ({ name: string } & CheckResult)[];
}

export interface HealthServiceOptions {
  system: SystemSource;
  checks: HealthCheck[];
  clock?: Clock;
  /** How long a check may take before it counts as failed. */
  timeoutMs?: number;
}

const TIMEOUT_MS = 1_500;
/** Whoever asks again this soon gets the same report, so that asking costs the database little. */
const FRESH_MS = 250;

/** Runs every check at once and reports the worst of them; answers within the timeout whatever hangs. */
export class HealthService {
  readonly #options: Required<HealthServiceOptions>;
  #running: Promise<HealthReport> | null = null;
  #standing: { status: HealthStatus; since: number } | null = null;
  #last: { at: number; report: HealthReport } | null = null;
  readonly #listeners = new Set<(report: HealthReport) => void>();

  constructor(options: HealthServiceOptions) {
    this.#options = { clock: systemClock, timeoutMs: TIMEOUT_MS, ...options };
  }

  /** The report of now; callers at the same moment share one. */
  report(): Promise<HealthReport> {
    const now = this.#options.clock.now();
    if (this.#last && now >= this.#last.at && now - this.#last.at < FRESH_MS) {
      return Promise.resolve(this.#last.report);
    }
    return this.#running ??= this.#run().finally(() => this.#running = null);
  }

  /** Calls `listener` with the report that first says another status than the one before. */
  subscribe(listener: (report: HealthReport) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #run(): Promise<HealthReport> {
    const { clock, system, checks: all } = this.#options;
    const checks = await Promise.all(all.map((check) => this.#check(check)));
    const sample = system.latest();
    const redis = checks.find((check) => check.name === "redis");
    const database = checks.find((check) => check.name === "database");
    const status = worst(checks.map((check) => check.status));
    const changed = this.#standing?.status !== status;
    if (changed) this.#standing = { status, since: clock.now() };
    const report: HealthReport = {
      timestamp: new Date(clock.now()).toISOString(),
      status,
      since: new Date(this.#standing!.since).toISOString(),
      system: {
        cpu_percent: round2(sample.cpuPercent),
        memory_percent: round2(sample.memoryPercent),
        disk_percent: round2(sample.diskPercent),
        memory_source: sample.memorySource,
        disk_free_bytes: sample.diskFreeBytes,
        event_loop_lag_ms: round2(sample.eventLoopLagMs),
        rss_bytes: sample.rssBytes,
      },
      services: {
        redis_healthy: redis?.status !== "degraded" && redis?.status !== "unhealthy",
        database_healthy: database?.status === "healthy",
      },
      redis_info: typeof redis?.measured?.used_memory_human === "string"
        ? {
          connected_clients: Number(redis.measured.connected_clients),
          used_memory_human: redis.measured.used_memory_human,
        }
        : null,
      checks,
    };
    this.#last = { at: clock.now(), report };
    if (changed) { for (const listener of this.#listeners) listener(report); }
    return report;
  }

  async #check(check: HealthCheck): Promise<{ name: string } & CheckResult> {
    const { clock, timeoutMs } = this.#options;
    try {
      return { name: check.name, ...await within((signal) => check.run(signal), timeoutMs, clock) };
    } catch (thrown) {
      return { name: check.name, ...failedResult(check, thrown) };
    }
  }
}
