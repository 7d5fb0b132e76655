/** Calendar periods in UTC, each kind numbered without gaps so that the one before is n − 1. */
export type PeriodKind = "day" | "week" | "month";
export type ReportKind = "daily" | "weekly" | "monthly";

export const QUARTER_MS = 15 * 60 * 1000;
export const DAY_MS = 24 * 60 * 60 * 1000;
/** Quarter hours of a day. */
export const QUARTERS_A_DAY = DAY_MS / QUARTER_MS;
/** 1970-01-05 was a Monday, so week 1 starts on day 4 and week 0 on day −3. */
const MONDAY = 3;

/** Quarter hours since the epoch. */
export const quarterOf = (at: number): number => Math.floor(at / QUARTER_MS);

/** Days since the epoch. */
export const dayOf = (at: number): number => Math.floor(at / DAY_MS);

/** Number of the period of this kind that holds a day: days, Monday weeks, or months. */
export function periodOf(kind: PeriodKind, day: number): number {
  if (kind === "day") return day;
  if (kind === "week") return Math.floor((day + MONDAY) / 7);
  if (day !== lately.day) {
    const date = new Date(day * DAY_MS);
    lately = { day, month: (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth() };
  }
  return lately.month;
}

/** What happens together is mostly of one day. */
let lately = { day: 0, month: 0 };

/** First day of a period. */
export function firstDay(kind: PeriodKind, n: number): number {
  if (kind === "day") return n;
  if (kind === "week") return n * 7 - MONDAY;
  const year = 1970 + Math.floor(n / 12);
  return daysToMonth(year, n - (year - 1970) * 12);
}

/** Days from the epoch to the first of a month (0–11), by the rules of the Gregorian calendar. */
function daysToMonth(year: number, month: number): number {
  // Years that start in March put the leap day at their end.
  const y = month < 2 ? year - 1 : year;
  const fromMarch = (month + 10) % 12;
  const leapDays = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400);
  return y * 365 + leapDays + Math.floor((fromMarch * 153 + 2) / 5) - 719_468;
}

/** The first day after a period. */
export const endDay = (kind: PeriodKind, n: number): number => firstDay(kind, n + 1);

/** The month of an instant, and the quarter hour of that month. */
export function quarterOfMonth(at: number): { month: number; quarter: number } {
  const month = periodOf("month", dayOf(at));
  return { month, quarter: quarterOf(at) - firstDay("month", month) * QUARTERS_A_DAY };
}

/** "YYYY-MM-DD". */
export const dateText = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);

/** Midnight UTC at which a day starts, as ISO 8601. */
export const dayInstant = (day: number): string => new Date(day * DAY_MS).toISOString();

/** The day of "YYYY-MM-DD". The text is taken as checked. */
export function dayOfDate(date: string): number {
  const at = Date.parse(date + "T00:00:00Z");
  if (Number.isNaN(at)) throw new RangeError(`not a date: ${date}`);
  return dayOf(at);
}
