import type { AlertSignal, AlertTimes } from "./state.ts";

/** Least to most urgent. `info` is shown and told to nobody. */
export const SEVERITIES = ["info", "warning", "critical"] as const;
export type AlertSeverity = typeof SEVERITIES[number];

/** Whether `severity` is at least `least`. */
export const reaches = (severity: AlertSeverity, least: AlertSeverity): boolean =>
  SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(least);

/** One alert: what it reads, and from where to where that is wrong. */
export interface AlertRule<Inputs> extends AlertTimes {
  /** `snake_case`; also the anchor of its section in docs/runbook.md, after `alert-`. */
  name: string;
  title: string;
  severity: AlertSeverity;
  /** The side of the threshold that is wrong. */
  side: "above" | "below";
  raiseAt: number;
  /** Well again at this or better; apart from `raiseAt`, so that a figure near it does not flutter. */
  clearAt: number;
  /** The figure; null when there is none to judge by. */
  read(inputs: Inputs): number | null;
  /** The figure in a sentence for people. */
  say(value: number, inputs: Inputs): string;
}

/** What a figure means under a rule; a figure at the threshold is not past it. */
export function signalOf(
  { side, raiseAt, clearAt }: Pick<AlertRule<never>, "side" | "raiseAt" | "clearAt">,
  value: number | null,
): AlertSignal {
  if (value === null || Number.isNaN(value)) return "unknown";
  if (side === "above") return value > raiseAt ? "bad" : value <= clearAt ? "good" : "near";
  return value < raiseAt ? "bad" : value >= clearAt ? "good" : "near";
}
