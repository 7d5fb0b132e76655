import type { Counts } from "../../kv/counts.ts";
import { dayOf, firstDay, periodOf, QUARTER_MS, QUARTERS_A_DAY } from "../periods.ts";
import { usersOfMonth } from "./user_records.ts";

/** A user's record of a month (../user_month.ts). */
export interface UserMonth {
  userId: string;
  record: Counts;
  /** Quarter hour, since the epoch, at which the month begins. */
  base: number;
  /** It is the user's first month ever. */
  firstEver: boolean;
}

/** The month that a quarter hour lies in. */
export const monthAt = (quarter: number): number => periodOf("month", dayOf(quarter * QUARTER_MS));

/** The users of a month with their records, by id. */
export async function* usersOf(kv: Deno.Kv, month: number): AsyncGenerator<UserMonth> {
  const base = firstDay("month", month) * QUARTERS_A_DAY;
  for await (const { userId, record, days: [first] } of usersOfMonth(kv, month)) {
    const firstEver = first !== undefined && periodOf("month", first) === month;
    yield { userId, record, base, firstEver };
  }
}
