import { Cron } from "croner";

/** When a schedule is due: a cron expression of 5 fields in UTC, or every so many milliseconds. */
export type Timing = { cron: string } | { everyMs: number };

/** The next tick after `after`, milliseconds UTC. */
export function nextTick(timing: Timing, after: number): number {
  if ("everyMs" in timing) return (Math.floor(after / timing.everyMs) + 1) * timing.everyMs;
  const next = parsed(timing.cron).nextRun(new Date(after));
  return next ? next.getTime() : Infinity;
}

/** The last tick at or before `at`, milliseconds UTC, or null when there is none. */
export function lastTick(timing: Timing, at: number): number | null {
  if ("everyMs" in timing) return Math.floor(at / timing.everyMs) * timing.everyMs;
  // previousRuns looks strictly before, so a tick at this very instant needs the next millisecond.
  const [previous] = parsed(timing.cron).previousRuns(1, new Date(at + 1000));
  return previous ? previous.getTime() : null;
}

/** A schedule in words: its cron expression, or "every 30 s". */
export function timingText(timing: Timing): string {
  return "cron" in timing ? timing.cron : `every ${timing.everyMs / 1000} s`;
}

const cache = new Map<string, Cron>();

function parsed(expression: string): Cron {
  let cron = cache.get(expression);
  if (!cron) {
    cron = new Cron(expression, { timezone: "UTC", paused: true, mode: "5-part" });
    if (cache.size > 200) cache.clear();
    cache.set(expression, cron);
  }
  return cron;
}
