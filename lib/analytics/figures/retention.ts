import { hasAny } from "../../kv/counts.ts";
import {
  dateText,
  dayOf,
  dayOfDate,
  endDay,
  firstDay,
  periodOf,
  QUARTERS_A_DAY,
} from "../periods.ts";
import { ratio2 } from "../rounding.ts";
import { daysOf, type FigureSources } from "./range.ts";

export interface RetentionQuery {
  /** UTC days on which people were first seen, both included; by default the last 60 up to today. */
  from?: string;
  to?: string;
  granularity: "day" | "week" | "month";
}

/** The share of a cohort that came back on a day; null while that day is not over for all of it. */
export interface Returned {
  value: number | null;
  users: number | null;
  n: number;
}

/** People who were first seen in the same day, week or month. */
export interface Cohort {
  /** First day of the day, week or month, within the range. */
  start: string;
  users: number;
  d1: Returned;
  d7: Returned;
  d30: Returned;
}

const AFTER = [1, 7, 30] as const;
const LAST = AFTER.at(-1)!;
const MAX_DAYS = 400;
const DEFAULT_DAYS = 60;

/** Somebody who may still come back on a day that counts. */
interface Watched {
  /** Day first seen. */
  since: number;
  cohort: Counted;
}

interface Counted {
  first: number;
  last: number;
  users: number;
  returned: [number, number, number];
}

/**
 * Of the people first seen on a UTC day, how many started a conversation exactly 1, 7 and 30 days
 * after. Costs by the distinct users of the months from the range's first to 30 days after it.
 */
export async function retention(
  { clock, users: months }: FigureSources,
  { granularity, ...query }: RetentionQuery,
): Promise<{ from: string; to: string; cohorts: Cohort[] }> {
  const now = clock.now();
  const { from, to } = daysOf({ ...query, zone: "UTC" }, now, MAX_DAYS, DEFAULT_DAYS);
  const today = dayOf(now);
  const [start, end] = [dayOfDate(from), Math.min(dayOfDate(to), today)];
  const cohorts = new Map<number, Counted>();
  for (let day = start; day <= end; day++) {
    const n = periodOf(granularity, day);
    const cohort = cohorts.get(n);
    if (cohort) cohort.last = day;
    else cohorts.set(n, { first: day, last: day, users: 0, returned: [0, 0, 0] });
  }
  const watched = new Map<string, Watched>();
  const lastMonth = periodOf("month", Math.min(end + LAST, today));
  for (let month = periodOf("month", start); month <= lastMonth; month++) {
    const firstOfMonth = firstDay("month", month);
    const next = endDay("month", month);
    for await (const users of months.of(month)) {
      for (const { userId, record, firstEver } of users) {
        if (firstEver) {
          const since = firstOfMonth + Math.floor(record.fields[0]! / QUARTERS_A_DAY);
          if (since < start || since > end) continue;
          const cohort = cohorts.get(periodOf(granularity, since))!;
          cohort.users++;
          watched.set(userId, { since, cohort });
        }
        const one = watched.get(userId);
        if (!one) continue;
        AFTER.forEach((after, i) => {
          const day = one.since + after;
          if (day < firstOfMonth || day >= next) return;
          const quarter = (day - firstOfMonth) * QUARTERS_A_DAY;
          if (hasAny(record, quarter, quarter + QUARTERS_A_DAY)) one.cohort.returned[i]!++;
        });
      }
    }
    for (const [userId, { since }] of watched) if (since + LAST < next) watched.delete(userId);
  }
  return {
    from,
    to,
    cohorts: [...cohorts.values()].map(({ first, last, users, returned }) => {
      const [d1, d7, d30] = AFTER.map((after, i) => {
        const over = last + after < today;
        return {
          value: over ? ratio2(returned[i]!, users, 100) : null,
          users: over ? returned[i]! : null,
          n: users,
        };
      });
      return { start: dateText(first), users, d1: d1!, d7: d7!, d30: d30! };
    }),
  };
}
