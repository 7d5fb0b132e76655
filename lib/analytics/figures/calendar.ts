import { QUARTER_MS, quarterOf } from "../periods.ts";

export type Granularity = "hour" | "day" | "week" | "month";

/** A local hour, day, week or month as quarter hours since the epoch, `to` not included. */
export interface Bucket {
  from: number;
  to: number;
  /** Local time at which it starts, with its offset. */
  local: string;
}

/** Whether this names a time zone that the runtime knows, or an offset of whole quarter hours. */
export function isTimeZone(name: string): boolean {
  try {
    // Of a bare offset the days have to begin on a quarter hour as well.
    if (/^[+-]/.test(name) && !/^.\d\d(?::?(?:00|15|30|45))?$/.test(name)) return false;
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
    return true;
  } catch {
    return false;
  }
}

/** The local day of an instant, "YYYY-MM-DD". */
export const localDate = (at: number, zone: string): string =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDate().toString();

/** Local days from `from` to `to`, both included. */
export const daysBetween = (from: string, to: string): number =>
  Temporal.PlainDate.from(from).until(to, { largestUnit: "days" }).days + 1;

/** The local day that lies `days` after another, or before it. */
export const addDays = (date: string, days: number): string =>
  Temporal.PlainDate.from(date).add({ days }).toString();

/** First local day of the week (Monday) or month that a day lies in; a day is its own. */
export function startOf(granularity: Granularity, date: string): string {
  const day = Temporal.PlainDate.from(date);
  if (granularity === "week") return day.subtract({ days: day.dayOfWeek - 1 }).toString();
  return granularity === "month" ? day.with({ day: 1 }).toString() : date;
}

/** The quarter hour in which a local day begins, which need not be midnight. */
export const startOfDay = (date: string, zone: string): number =>
  quarterOf(Temporal.PlainDate.from(date).toZonedDateTime(zone).epochMilliseconds);

/**
 * The hours, days, weeks or months that the local days from `from` to `to` touch, whole ones, in
 * order. Days have the 23, 24 or 25 hours that they have there; a day that a zone left out is
 * left out.
 */
export function bucketsOf(
  from: string,
  to: string,
  granularity: Granularity,
  zone: string,
): Bucket[] {
  const step = { [granularity === "hour" ? "days" : `${granularity}s`]: 1 };
  const last = Temporal.PlainDate.from(to);
  const buckets: Bucket[] = [];
  let day = Temporal.PlainDate.from(startOf(granularity, from));
  while (Temporal.PlainDate.compare(day, last) <= 0) {
    const next = day.add(step);
    const [start, end] = [startOfDay(day.toString(), zone), startOfDay(next.toString(), zone)];
    if (granularity === "hour") buckets.push(...hoursOf(start, end, zone));
    else if (end > start) buckets.push({ from: start, to: end, local: localText(start, zone) });
    day = next;
  }
  return buckets;
}

/** Hours by the wall clock: where it is put on or back by half an hour, one of them is shorter. */
function hoursOf(start: number, end: number, zone: string): Bucket[] {
  const hours: Bucket[] = [];
  let shown: number | undefined;
  for (let quarter = start; quarter < end; quarter++) {
    const at = zoned(quarter, zone);
    if (at.hour === shown && at.minute >= 15) continue;
    shown = at.hour;
    const before = hours.at(-1);
    if (before) before.to = quarter;
    hours.push({ from: quarter, to: end, local: localText(quarter, zone) });
  }
  return hours;
}

const zoned = (quarter: number, zone: string) =>
  Temporal.Instant.fromEpochMilliseconds(quarter * QUARTER_MS).toZonedDateTimeISO(zone);

const localText = (quarter: number, zone: string): string =>
  zoned(quarter, zone).toString({ timeZoneName: "never", smallestUnit: "minute" });

/** Day of the week (Monday 0) and hour by a wall clock. */
export interface WallClock {
  weekday: number;
  hour: number;
}

const HOUR_MS = 3_600_000;
/** 1 January 1970 was a Thursday. */
const EPOCH_WEEKDAY = 3;

/**
 * What the wall clock of a zone shows in each quarter hour of a span. The zone is asked only where
 * its clock is changed.
 */
export function wallClocks(from: number, to: number, zone: string): WallClock[] {
  const clocks: WallClock[] = [];
  for (let quarter = from; quarter < to;) {
    const at = zoned(quarter, zone);
    const offset = at.offsetNanoseconds / 1e6;
    const change = at.getTimeZoneTransition("next")?.epochMilliseconds ?? Infinity;
    const until = Math.min(to, Math.ceil(change / QUARTER_MS));
    for (; quarter < until; quarter++) {
      const hours = Math.floor((quarter * QUARTER_MS + offset) / HOUR_MS);
      const day = Math.floor(hours / 24);
      clocks.push({ weekday: modulo(day + EPOCH_WEEKDAY, 7), hour: hours - 24 * day });
    }
  }
  return clocks;
}

const modulo = (n: number, by: number): number => (n % by + by) % by;
