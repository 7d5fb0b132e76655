import { Cron } from "croner";
import { messageOf } from "../errors.ts";

/**
 * When a schedule is due: a cron expression of 5 fields, in UTC or in a time zone such as
 * "Europe/Berlin", or every so many milliseconds. When clocks go forward, a time of day that does not
 * exist is due at the next that does; when they go back, one that comes twice is due the first time.
 * What is due every hour is due in every hour that passes.
 */
export type Timing = { cron: string; zone?: string } | { everyMs: number };

/** The next tick after `after`, milliseconds UTC. */
export function nextTick(timing: Timing, after: number): number {
  if ("everyMs" in timing) return (Math.floor(after / timing.everyMs) + 1) * timing.everyMs;
  const next = parsed(timing).nextRun(new Date(after));
  return next ? next.getTime() : Infinity;
}

/** The last tick at or before `at`, milliseconds UTC, or null when there is none. */
export function lastTick(timing: Timing, at: number): number | null {
  if ("everyMs" in timing) return Math.floor(at / timing.everyMs) * timing.everyMs;
  // previousRuns looks strictly before, by whole seconds: the tick of this second, or the one before.
  const previous = parsed(timing).previousRuns(2, new Date(at + 1000));
  return previous.map((tick) => tick.getTime()).find((tick) => tick <= at) ?? null;
}

/** A schedule in words: its cron expression, with its zone if it has one, or "every 30 s". */
export function timingText(timing: Timing): string {
  if ("everyMs" in timing) return `every ${timing.everyMs / 1000} s`;
  return timing.zone ? `${timing.cron} (${timing.zone})` : timing.cron;
}

/** Throws a RangeError for a timing that can never be kept. */
export function checkTiming(timing: Timing): void {
  if ("cron" in timing) {
    let first: number;
    try {
      first = nextTick(timing, 0);
    } catch (error) {
      throw new RangeError(`"${timingText(timing)}": ${messageOf(error, 200)}`);
    }
    if (first === Infinity) throw new RangeError(`"${timingText(timing)}" never comes`);
  } else if (!(timing.everyMs >= 1_000 && timing.everyMs <= MAX_EVERY_MS)) {
    throw new RangeError("a schedule is due every second at most, and once in a year at least");
  }
}

const MAX_EVERY_MS = 366 * 86_400_000;
const cache = new Map<string, Cron>();

function parsed({ cron: expression, zone = "UTC" }: { cron: string; zone?: string }): Cron {
  const name = `${expression} ${zone}`;
  let cron = cache.get(name);
  if (!cron) {
    cron = new Cron(expression, { timezone: zone, paused: true, mode: "5-part" });
    if (cache.size > 200) cache.clear();
    cache.set(name, cron);
  }
  return cron;
}
