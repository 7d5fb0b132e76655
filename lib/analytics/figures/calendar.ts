import { QUARTER_MS, quarterOf } from "../periods.ts";

export type Granularity = "hour" | "day" | "week" | "month";

/** A local hour, day, week or month as quarter hours since the epoch, `to` not included. */
export interface Bucket {
  from: number;
  to: number;
  /** Local time at which it starts, with its offset. */
  local: string;
}

/** Whether this names a time zone that the runtime knows. */
export function isTimeZone(name: string): boolean {
  try {
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
  for (let quarter = start; quarter < end; quarter++) {
    const at = zoned(quarter, zone);
    if (quarter !== start && at.minute >= 15) continue;
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

/** Day of the week (Monday 0) and hour of a quarter hour by the wall clock of a zone. */
export function wallClock(quarter: number, zone: string): { weekday: number; hour: number } {
  const at = zoned(quarter, zone);
  return { weekday: at.dayOfWeek - 1, hour: at.hour };
}
