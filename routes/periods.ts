import type { ReportType } from "../lib/wire/analytics.ts";
import { longDay } from "../islands/parts/format.ts";
import { REPORTS } from "../islands/parts/texts.ts";

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** A reporting period in UTC; all days as "YYYY-MM-DD". */
export interface Period {
  start: string;
  /** The last day that belongs to it. */
  last: string;
  /** A day of the period before, and of the one after. */
  before: string;
  after: string;
  title: string;
}

/** The day, Monday-based week or month that `date` ("YYYY-MM-DD") falls in. */
export function periodOf(type: ReportType, date: string): Period {
  const at = Date.parse(`${date}T00:00:00Z`);
  if (type === "daily") {
    return {
      start: date,
      last: date,
      before: dayOf(at - DAY_MS),
      after: dayOf(at + DAY_MS),
      title: longDay(date),
    };
  }
  if (type === "weekly") {
    const monday = at - (new Date(at).getUTCDay() + 6) % 7 * DAY_MS;
    const start = dayOf(monday);
    return {
      start,
      last: dayOf(monday + 6 * DAY_MS),
      before: dayOf(monday - 7 * DAY_MS),
      after: dayOf(monday + 7 * DAY_MS),
      title: REPORTS.weekFrom(longDay(start)),
    };
  }
  const [year, month] = [new Date(at).getUTCFullYear(), new Date(at).getUTCMonth()];
  const start = dayOf(Date.UTC(year, month, 1));
  return {
    start,
    last: dayOf(Date.UTC(year, month + 1, 0)),
    before: dayOf(Date.UTC(year, month - 1, 1)),
    after: dayOf(Date.UTC(year, month + 1, 1)),
    title: longDay(start).split(" ").slice(2).join(" "),
  };
}

/** The Mondays of all weeks that a period touches, up to and including `today`'s week. */
export function mondaysOf({ start, last }: Period, today: string): string[] {
  const end = Date.parse(`${last < today ? last : today}T00:00:00Z`);
  const mondays: string[] = [];
  for (let at = Date.parse(periodOf("weekly", start).start); at <= end; at += 7 * DAY_MS) {
    mondays.push(dayOf(at));
  }
  return mondays;
}

/** The last hours up to the end of this minute, so that all who ask within it ask the same. */
export function lastHours(hours: number, now: number): { from: string; to: string } {
  const to = Math.ceil(now / MINUTE_MS) * MINUTE_MS;
  const from = to - hours * 60 * MINUTE_MS;
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
}

/** The UTC day of an instant. */
export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** True for a real day between 2000 and 2199 written as "YYYY-MM-DD". */
export function isDay(text: string): boolean {
  return /^2[01]\d\d-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`)) &&
    dayOf(Date.parse(`${text}T00:00:00Z`)) === text;
}
