import { endDay, QUARTERS_A_DAY } from "../periods.ts";
import { monthAt, type UserMonths } from "../user_months.ts";
import { type Active, Activity } from "./activity.ts";
import type { Bucket } from "./calendar.ts";
import { CALLBACK_QUARTERS, Callbacks, type Quiet } from "./callbacks.ts";
import {
  type Trailing,
  TRAILING_QUARTERS,
  type TrailingBucket,
  TrailingUsers,
} from "./trailing.ts";

/** What is known of a bucket's users. */
export interface BucketUsers extends Active {
  /** Active in the bucket before. */
  before: number;
  trailing: Trailing;
  quiet: Quiet;
}

/** What is to be known, and what that needs; nothing of the others is read. */
export interface UsersWanted {
  /** The bucket before the first, and as much time before all of them. */
  before?: { first: Bucket; all: Bucket };
  /** The buckets again, with the days that they look back on. */
  trailing?: readonly TrailingBucket[];
  /** The quarter hour that it is: whether users came back within 24 hours is asked. */
  callbacks?: number;
}

const NOBODY: Active = { active: 0, fresh: 0, returning: 0 };
const NO_TRAILING: Trailing = { daily: 0, weekly: 0, monthly: 0 };
const NONE_QUIET: Quiet = { n: 0, contained: 0 };
/** Nobody at all. */
export const NO_USERS: BucketUsers = {
  ...NOBODY,
  before: 0,
  trailing: NO_TRAILING,
  quiet: NONE_QUIET,
};

/**
 * Distinct users of each bucket, and of all of them together. The buckets follow each other. Costs
 * by the distinct users of each month, and holds those of the range.
 */
export async function bucketUsers(
  months: UserMonths,
  buckets: readonly Bucket[],
  wanted: UsersWanted = {},
): Promise<{ each: BucketUsers[]; all: BucketUsers }> {
  if (buckets.length === 0) return { each: [], all: NO_USERS };
  const whole = { ...buckets[0]!, to: buckets.at(-1)!.to };
  // Without one before, an empty one stands in its place.
  const empty = { ...whole, to: whole.from };
  const { first, all } = wanted.before ?? { first: empty, all: empty };
  const each = new Activity([first, ...buckets]);
  const together = new Activity([all, whole]);
  const trailing = wanted.trailing && new TrailingUsers(wanted.trailing);
  const callbacks = wanted.callbacks === undefined
    ? undefined
    : new Callbacks(buckets, wanted.callbacks);
  const from = Math.min(first.from, all.from, trailing ? whole.from - TRAILING_QUARTERS : Infinity);
  const to = whole.to + (callbacks ? CALLBACK_QUARTERS : 0);
  for (let month = monthAt(from); month <= monthAt(to - 1); month++) {
    const end = endDay("month", month) * QUARTERS_A_DAY;
    for await (const users of months.of(month)) {
      for (const user of users) {
        each.add(user);
        together.add(user);
        trailing?.add(user, end);
        callbacks?.add(user);
      }
    }
    each.until(end);
    trailing?.endMonth(end);
    callbacks?.until(end);
  }
  callbacks?.until(Infinity);
  const usersAt = (activity: Activity, i: number, of: Trailing, quiet: Quiet): BucketUsers => ({
    ...activity.counts[i]!,
    before: activity.counts[i - 1]!.active,
    trailing: of,
    quiet,
  });
  const last = trailing?.counts.at(-1) ?? NO_TRAILING;
  return {
    each: buckets.map((_, i) =>
      usersAt(each, i + 1, trailing?.counts[i] ?? NO_TRAILING, callbacks?.counts[i] ?? NONE_QUIET)
    ),
    all: usersAt(together, 1, last, sum(callbacks?.counts ?? [])),
  };
}

const sum = (all: readonly Quiet[]): Quiet =>
  all.reduce((a, b) => ({ n: a.n + b.n, contained: a.contained + b.contained }), NONE_QUIET);
