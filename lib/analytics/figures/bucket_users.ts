import { type Counts, decodeCounts } from "../../kv/counts.ts";
import { userKey, userMonthPrefix } from "../keys.ts";
import { dayOf, endDay, firstDay, periodOf, QUARTER_MS, QUARTERS_A_DAY } from "../periods.ts";
import { activeDays } from "../user_activity.ts";
import { bucketAt } from "./bucket_sums.ts";
import type { Bucket } from "./calendar.ts";

/** Distinct users who started a conversation. */
export interface BucketUsers {
  active: number;
  /** Their first one ever. */
  fresh: number;
  /** Active on the bucket's last day, and in the 7 and 30 days that end with it. */
  daily: number;
  weekly: number;
  monthly: number;
}

/** A bucket with the quarter hours at which its last 1, 7 and 30 local days begin. */
export interface UserBucket extends Bucket {
  trailing?: { day: number; week: number; month: number };
}

const GET_MANY = 10;
const TRAILING_QUARTERS = 31 * QUARTERS_A_DAY;

/** A user's record of a month, and whether it is the user's first month. */
interface UserMonth {
  userId: string;
  quarters: Counts;
  firstEver: boolean;
}

/**
 * Distinct users of each bucket, and of all of them together. Costs by the distinct users of each
 * month, and holds those who are active in more than one.
 */
export async function bucketUsers(
  kv: Deno.Kv,
  buckets: readonly UserBucket[],
): Promise<{ each: BucketUsers[]; all: BucketUsers }> {
  const none = () => ({ active: 0, fresh: 0, daily: 0, weekly: 0, monthly: 0 });
  const each = buckets.map(none);
  const all = none();
  if (buckets.length === 0) return { each, all };
  const start = buckets[0]!.from;
  const end = buckets.at(-1)!.to;
  const anyone = new Set<string>();
  /** Users of buckets that lie in two months. */
  const open = new Map<number, Set<string>>();
  /** The last quarter hour in which each user of late was active. */
  const seen = new Map<string, number>();
  const trailing = buckets.some((bucket) => bucket.trailing);
  const from = trailing ? start - TRAILING_QUARTERS : start;
  const monthAt = (quarter: number) => periodOf("month", dayOf(quarter * QUARTER_MS));
  for (let month = monthAt(from); month <= monthAt(end - 1); month++) {
    const base = firstDay("month", month) * QUARTERS_A_DAY;
    const monthEnd = endDay("month", month) * QUARTERS_A_DAY;
    const ends = trailing
      ? buckets.flatMap(({ to }, i) => to > base && to <= monthEnd ? [i] : [])
      : [];
    const active = new Set<string>();
    for await (const { userId, quarters, firstEver } of usersOf(kv, month)) {
      let last = -1;
      quarters.fields.forEach((field, i) => {
        const bucket = bucketAt(buckets, base + field);
        if (bucket < 0) return;
        if (firstEver && i === 0) {
          each[bucket]!.fresh++;
          all.fresh++;
        }
        if (bucket === last) return;
        last = bucket;
        anyone.add(userId);
        const { from, to } = buckets[bucket]!;
        if (from >= base && to <= monthEnd) return void each[bucket]!.active++;
        if (!open.has(bucket)) open.set(bucket, new Set());
        open.get(bucket)!.add(userId);
      });
      if (!trailing) continue;
      active.add(userId);
      countTrailing(each, buckets, ends, seen.get(userId) ?? -Infinity, quarters, base);
      seen.set(userId, base + quarters.fields.at(-1)!);
    }
    // A bucket that still runs looks back from now, which may lie a month before its end.
    const next = buckets.find(({ to }) => to > monthEnd)?.trailing?.month ?? Infinity;
    for (const [userId, at] of seen) {
      if (!active.has(userId)) countTrailing(each, buckets, ends, at);
      if (at < next) seen.delete(userId);
    }
  }
  for (const [bucket, users] of open) each[bucket]!.active += users.size;
  all.active = anyone.size;
  const { daily, weekly, monthly } = each.at(-1)!;
  return { each, all: { ...all, daily, weekly, monthly } };
}

/** Counts a user in the days that end with each bucket, by the last activity before its end. */
function countTrailing(
  each: BucketUsers[],
  buckets: readonly UserBucket[],
  ends: readonly number[],
  before: number,
  quarters?: Counts,
  base = 0,
): void {
  let next = 0;
  let last = before;
  for (const i of ends) {
    const { to, trailing } = buckets[i]!;
    while (quarters && next < quarters.fields.length && base + quarters.fields[next]! < to) {
      last = base + quarters.fields[next++]!;
    }
    if (!trailing) continue;
    if (last >= trailing.day) each[i]!.daily++;
    if (last >= trailing.week) each[i]!.weekly++;
    if (last >= trailing.month) each[i]!.monthly++;
  }
}

/** The users of a month with their quarter hours, read a few at a time. */
async function* usersOf(kv: Deno.Kv, month: number): AsyncGenerator<UserMonth> {
  let group: { userId: string; quarters: Counts }[] = [];
  for await (const { key, value } of kv.list({ prefix: userMonthPrefix(month) })) {
    group.push({ userId: String(key.at(-1)), quarters: decodeCounts(value) });
    if (group.length < GET_MANY) continue;
    yield* await withFirst(kv, month, group);
    group = [];
  }
  if (group.length > 0) yield* await withFirst(kv, month, group);
}

async function withFirst(
  kv: Deno.Kv,
  month: number,
  group: { userId: string; quarters: Counts }[],
): Promise<UserMonth[]> {
  const users = await kv.getMany(group.map(({ userId }) => userKey(userId)));
  return group.map((user, i) => {
    const [first] = activeDays(decodeCounts(users[i]!.value));
    return { ...user, firstEver: first !== undefined && periodOf("month", first) === month };
  });
}
