import type { SystemSource } from "../system.ts";
import { humanBytes } from "../words.ts";
import { type HealthCheck, judge, type Limits } from "./check.ts";

/** A file system that has not answered for this long counts as lost. */
const DISK_STALE_MS = 60_000;
const DISK_FULL_PERCENT = 90;

/** Unhealthy under `reserveBytes`, where new work is refused; degraded under twice that or over 90%. */
export function diskCheck(system: SystemSource, reserveBytes: number): HealthCheck {
  return {
    name: "disk",
    onFailure: "unhealthy",
    run() {
      const { at, diskAt, diskFreeBytes: free, diskPercent: percent } = system.latest();
      if (at - diskAt > DISK_STALE_MS) {
        return { status: "unhealthy", detail: "the file system of DATA_DIR does not answer" };
      }
      const tight = free < 2 * reserveBytes || percent > DISK_FULL_PERCENT;
      return {
        status: free < reserveBytes ? "unhealthy" : tight ? "degraded" : "healthy",
        detail: `${humanBytes(free)} free, ${percent.toFixed(1)}% used`,
        measured: { free_bytes: free, percent, reserve_bytes: reserveBytes },
      };
    },
  };
}

/** Says what is not there to be checked, so that nobody counts on it. */
export function noFilesCheck(): HealthCheck {
  return {
    name: "backups",
    onFailure: "degraded",
    run: () => ({
      status: "healthy",
      detail: "none are made here, where no file stays: copy it with `pixel export --all`",
      measured: {},
    }),
  };
}

/** By percent of the container's limit or of the machine's memory. */
export function memoryCheck(system: SystemSource, limits: Limits): HealthCheck {
  return {
    name: "memory",
    onFailure: "degraded",
    run() {
      const { memoryPercent: percent, memorySource: source, rssBytes } = system.latest();
      const whose = source === "container" ? "of the container's limit" : "of the machine's memory";
      return {
        status: judge(percent, limits),
        detail: `${percent.toFixed(1)}% ${whose}; this process has ${humanBytes(rssBytes)}`,
        measured: { percent, source, rss_bytes: rssBytes },
      };
    },
  };
}

/** By the mean of the last minute, so that a burst is no fault. */
export function cpuCheck(system: SystemSource, limits: Limits): HealthCheck {
  return {
    name: "cpu",
    onFailure: "degraded",
    run() {
      const percent = system.latest().cpuMinutePercent;
      return {
        status: judge(percent, limits),
        detail: `CPU at ${percent.toFixed(1)}% over the last minute`,
        measured: { percent },
      };
    },
  };
}

/** By the longest delay of the last 15 s, in milliseconds. */
export function eventLoopCheck(system: SystemSource, limits: Limits): HealthCheck {
  return {
    name: "event_loop",
    onFailure: "degraded",
    run() {
      const lag = Math.round(system.latest().eventLoopLagMs);
      return {
        status: judge(lag, limits),
        detail: `at most ${lag} ms late in the last 15 s`,
        measured: { lag_ms: lag },
      };
    },
  };
}
