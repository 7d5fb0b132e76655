/**
 * What every answer of the performance API has around it. The types in this folder are the wire,
 * name for name: snake_case, instants as ISO 8601 in UTC, percentages 0–100.
 */

/** An instant, "2026-03-01T09:12:00.000Z". */
export type Instant = string;
/** A UTC day, "2026-03-01". */
export type Day = string;

export type Success<T> = { status: "success"; timestamp: Instant } & T;

/** RFC 9457 `application/problem+json`. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  request_id: string;
  errors?: { path: string; message: string }[];
}

export type Role = "viewer" | "operator" | "admin";
export type PriorityWord = "high" | "normal" | "low";
