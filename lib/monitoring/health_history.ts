import type { Database } from "../kv/database.ts";
import { sweepBefore } from "../kv/sweep.ts";
import type { WriteSet } from "../kv/write_set.ts";
import type { HealthStatus } from "./checks/check.ts";
import type { HealthReport } from "./health.ts";

/** What is kept of a scheduled health report: the figures, and the checks that were not healthy. */
export interface StoredHealthReport {
  at: number;
  status: HealthStatus;
  cpuPercent: number;
  memoryPercent: number;
  diskPercent: number;
  problems: { name: string; status: HealthStatus; detail: string }[];
}

/** The machine over a period, for daily reports; means are null where nothing was reported. */
export interface SystemAverage {
  cpu: number | null;
  memory: number | null;
  reports: number;
}

const PREFIX = ["health", "report"];
const DAY_MS = 86_400_000;
/** A little more than 400 days of one report every 15 minutes. */
const MAX_REPORTS = 40_000;

/** The health reports of the schedule in KV, kept for 400 days by default: `["health", "report", at]`. */
export class HealthHistory {
  constructor(readonly db: Database, readonly keptMs = 400 * DAY_MS) {}

  /** Adds a report to a write set, so that it is stored together with its job's completion. */
  add(write: WriteSet, report: HealthReport): void {
    const at = Date.parse(report.timestamp);
    const stored: StoredHealthReport = {
      at,
      status: report.status,
      cpuPercent: report.system.cpu_percent,
      memoryPercent: report.system.memory_percent,
      diskPercent: report.system.disk_percent,
      problems: report.checks.filter((check) => check.status !== "healthy")
        .map(({ name, status, detail }) => ({ name, status, detail: detail.slice(0, 300) })),
    };
    write.set([...PREFIX, at], stored);
  }

  /** Reports with from ≤ at < to, newest first. */
  async list(from: number, to: number, limit = 100): Promise<StoredHealthReport[]> {
    const range = { start: [...PREFIX, from], end: [...PREFIX, to] };
    const found: StoredHealthReport[] = [];
    for await (
      const entry of this.db.kv.list<StoredHealthReport>(range, { limit, reverse: true })
    ) found.push(entry.value);
    return found;
  }

  /** Mean CPU and memory of the reports with from ≤ at < to. */
  async average(from: number, to: number): Promise<SystemAverage> {
    let cpu = 0;
    let memory = 0;
    let reports = 0;
    if (to > from) {
      const range = { start: [...PREFIX, from], end: [...PREFIX, to] };
      const options = { limit: MAX_REPORTS, batchSize: 500 };
      for await (const { value } of this.db.kv.list<StoredHealthReport>(range, options)) {
        cpu += value.cpuPercent;
        memory += value.memoryPercent;
        reports++;
      }
    }
    return {
      cpu: reports > 0 ? cpu / reports : null,
      memory: reports > 0 ? memory / reports : null,
      reports,
    };
  }

  /** Deletes reports older than they are kept; bounded, the next call goes on. */
  sweep(now: number): Promise<number> {
    return sweepBefore(this.db, PREFIX, now - this.keptMs);
  }
}
