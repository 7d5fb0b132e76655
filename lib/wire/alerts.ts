import type { Instant } from "./envelope.ts";

/** An item of `alerts` in GET /alerts. */
export interface Alert {
  name: string;
  title: string;
  severity: "info" | "warning" | "critical";
  state: "ok" | "pending" | "firing" | "clearing";
  raised: boolean;
  since: Instant;
  raised_at?: Instant;
  resolved_at?: Instant;
  value?: number;
  threshold: number;
  detail?: string;
  runbook: string;
  acknowledged?: { by: string; at: Instant };
  silenced?: { by: string; at: Instant; until: Instant; reason: string };
}
