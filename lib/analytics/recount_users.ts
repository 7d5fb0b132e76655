import { bump, countOf, type Counts, decodeCounts, NO_COUNTS } from "../kv/counts.ts";
import { type DaySpan, type Differences } from "./differences.ts";
import { totalsKey, userKey, userMonthKey, usersPrefix } from "./keys.ts";
import { HOURS, Lost, Metric, metricName } from "./metrics.ts";
import {
  dateText,
  endDay,
  firstDay,
  type PeriodKind,
  periodOf,
  QUARTERS_A_DAY,
} from "./periods.ts";
import type { FactTally } from "./recount_facts.ts";
import { compareIds } from "./rounding.ts";
import { readTopUsers, TOP_ROWS, type UserCount } from "./top_users.ts";
import { activeDays } from "./user_activity.ts";
import { quarterOfField, startedIn, startsOf, userMonthField } from "./user_month.ts";

const KINDS: readonly PeriodKind[] = ["day", "week", "month"];

/**
 * Compares users' months with the facts, users' days with their months, and with the users' days
 * the numbers of active, new and retained users of every day, week and month.
 */
export async function compareUsers(
  kv: Deno.Kv,
  tally: FactTally,
  lost: ReadonlyMap<number, Counts>,
  found: Differences,
  signal?: AbortSignal,
): Promise<void> {
  const kept = (day: number) => countOf(lost.get(day) ?? NO_COUNTS, Lost.conversations) === 0;
  await compareMonths(kv, tally, kept, found, signal);
  const sums: Record<PeriodKind, Map<number, Map<number, number>>> = {
    day: new Map(),
    week: new Map(),
    month: new Map(),
  };
  for await (const { key, value } of kv.list({ prefix: usersPrefix })) {
    signal?.throwIfAborted();
    const userId = String(key.at(-1));
    const days = activeDays(decodeCounts(value));
    for (const month of new Set(days.map((day) => periodOf("month", day)))) {
      const stored = decodeCounts((await kv.get(userMonthKey(month, userId))).value);
      compareDays(found, userId, month, stored, days);
    }
    for (const kind of KINDS) countUser(sums[kind], kind, days);
  }
  for (const kind of KINDS) await compareTotals(kv, found, kind, sums[kind]);
}

const monthSpan = (month: number): DaySpan => ({
  from: firstDay("month", month),
  to: endDay("month", month),
});
const monthText = (month: number) => dateText(firstDay("month", month)).slice(0, 7);

async function compareMonths(
  kv: Deno.Kv,
  tally: FactTally,
  kept: (day: number) => boolean,
  found: Differences,
  signal?: AbortSignal,
): Promise<void> {
  const facts = tally.userMonths;
  const tops = new Map<number, UserCount[]>();
  const compare = (month: number, userId: string, stored: Counts) => {
    const expected = facts.get(month)?.get(userId) ?? new Map<number, number>();
    const start = firstDay("month", month);
    const dayOf = (field: number) => start + Math.floor(quarterOfField(field) / QUARTERS_A_DAY);
    found.checkRecord(
      monthSpan(month),
      `user ${userId} in ${monthText(month)}`,
      expected,
      stored,
      userMonthField,
      (field) => kept(dayOf(field)),
    );
    facts.get(month)?.delete(userId);
  };
  for await (const { key, value } of kv.list({ prefix: ["stats", "um"] })) {
    signal?.throwIfAborted();
    const [month, userId] = [Number(key[2]), String(key[3])];
    const stored = decodeCounts(value);
    compare(month, userId, stored);
    const days = activeDays(decodeCounts((await kv.get(userKey(userId))).value));
    compareDays(found, userId, month, stored, days);
    tops.set(month, withUser(tops.get(month) ?? [], { userId, conversations: startedIn(stored) }));
  }
  for (const [month, users] of facts) {
    for (const userId of [...users.keys()]) compare(month, userId, NO_COUNTS);
  }
  for (const [month, expected] of tops) {
    const stored = await readTopUsers(kv, month);
    const place = (list: UserCount[], i: number) => JSON.stringify(list[i] ?? null);
    for (let i = 0; i < TOP_ROWS; i++) {
      const same = place(expected, i) === place(stored, i);
      const what = `place ${i + 1}: ${place(expected, i)}, stored ${place(stored, i)}`;
      found.check(monthSpan(month), `top users of ${monthText(month)}`, what, 1, Number(same));
    }
  }
}

const withUser = (top: UserCount[], user: UserCount): UserCount[] =>
  [...top, user].sort((a, b) => b.conversations - a.conversations || compareIds(a.userId, b.userId))
    .slice(0, TOP_ROWS);

/** A user's days must be those that the user's quarter hours of the month show. */
function compareDays(
  found: Differences,
  userId: string,
  month: number,
  quarters: Counts,
  days: readonly number[],
): void {
  const start = firstDay("month", month);
  const expected = new Set(
    startsOf(quarters).fields.map((q) => start + Math.floor(q / QUARTERS_A_DAY)),
  );
  const stored = new Set(days.filter((day) => periodOf("month", day) === month));
  for (const day of new Set([...expected, ...stored])) {
    const active = [Number(expected.has(day)), Number(stored.has(day))] as const;
    found.check(monthSpan(month), `days of user ${userId}`, dateText(day), ...active);
  }
}

/** Adds one user to the numbers of users of all periods of a kind. */
function countUser(
  sums: Map<number, Map<number, number>>,
  kind: PeriodKind,
  days: readonly number[],
): void {
  const count = (n: number, metric: number) => {
    let fields = sums.get(n);
    if (!fields) sums.set(n, fields = new Map());
    bump(fields, metric, 1);
  };
  const periods = [...new Set(days.map((day) => periodOf(kind, day)))];
  periods.forEach((n, i) => {
    count(n, Metric.activeUsers);
    if (i === 0) count(n, Metric.newUsers);
    if (periods[i - 1] === n - 1) count(n, Metric.retainedUsers);
  });
}

async function compareTotals(
  kv: Deno.Kv,
  found: Differences,
  kind: PeriodKind,
  sums: Map<number, Map<number, number>>,
): Promise<void> {
  const periods = new Set(sums.keys());
  for await (const { key } of kv.list({ prefix: totalsKey(kind, 0).slice(0, -1) })) {
    periods.add(Number(key.at(-1)));
  }
  for (const n of periods) {
    const stored = decodeCounts((await kv.get(totalsKey(kind, n))).value);
    // A user's other days decide who is new or retained, so a change on any day may explain it.
    const record = `totals of ${kind} from ${dateText(firstDay(kind, n))}`;
    const ofUsers = (field: number) => field >= Metric.activeUsers && field < HOURS;
    found.checkRecord(null, record, sums.get(n) ?? new Map(), stored, metricName, ofUsers);
  }
}
