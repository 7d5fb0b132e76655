import { messageOf } from "../../errors.ts";

export type HealthStatus = "healthy" | "degraded" | "unhealthy";

/** What one check found; `measured` holds the figures that it decided by, named as on the wire. */
export interface CheckResult {
  status: HealthStatus;
  detail: string;
  measured?: Record<string, number | string | boolean | null>;
}

/** One thing that health is made of. When `run` throws or hangs, the check reports `onFailure`. */
export interface HealthCheck {
  name: string;
  onFailure: "degraded" | "unhealthy";
  run(signal: AbortSignal): CheckResult | Promise<CheckResult>;
}

/** A figure above `degraded` is degraded, above `unhealthy` unhealthy. */
export interface Limits {
  degraded: number;
  unhealthy: number;
}

/** The status of a figure by its limits; at a limit is still within it. */
export function judge(value: number, limits: Limits): HealthStatus {
  return value > limits.unhealthy ? "unhealthy" : value > limits.degraded ? "degraded" : "healthy";
}

const RANK: Record<HealthStatus, number> = { healthy: 0, degraded: 1, unhealthy: 2 };

/** The worst of all; healthy when there are none. */
export function worst(statuses: Iterable<HealthStatus>): HealthStatus {
  let found: HealthStatus = "healthy";
  for (const status of statuses) if (RANK[status] > RANK[found]) found = status;
  return found;
}

/** What a check that threw or ran out of time reports. */
export function failedResult(check: HealthCheck, thrown: unknown): CheckResult {
  return { status: check.onFailure, detail: messageOf(thrown, 300) };
}
