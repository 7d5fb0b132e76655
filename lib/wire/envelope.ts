/**
 * What every answer of the performance API has around it. The types in this folder are the wire,
 * name for name: snake_case, instants as ISO 8601 in UTC, percentages 0–100.
 */

/** An instant, "2026-03-01T09:12:00.000Z". */
export type Instant = string;
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

/** Least first: each may do everything that the ones before it may. */
export const ROLES = ["viewer", "operator", "admin"] as const;
export type Role = (typeof ROLES)[number];
export type PriorityWord = "high" | "normal" | "low";
