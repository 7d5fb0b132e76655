import { type Counts, decodeCounts } from "../../kv/counts.ts";
import { userKey, userMonthPrefix } from "../keys.ts";
import { readNear } from "../read_near.ts";
import { activeDays } from "../user_activity.ts";

/** Users of a month whose records are read together. */
const GROUP = 300;
const BATCH = 500;

/** A user of a month. */
export interface UserOfMonth {
  userId: string;
  /** The record of the month. */
  record: Counts;
  /** Every day on which the user was ever active, in order. */
  days: number[];
}

/** The users of a month by id, with both their records; holds a few hundred of them at a time. */
export async function* usersOfMonth(kv: Deno.Kv, month: number): AsyncGenerator<UserOfMonth> {
  let group = new Map<string, unknown>();
  const complete = async (): Promise<UserOfMonth[]> => {
    const records = await readNear(kv, userKey, [...group.keys()]);
    const users = Array.from(group, ([userId, record]) => ({
      userId,
      record: decodeCounts(record),
      days: activeDays(decodeCounts(records.get(userId))),
    }));
    group = new Map();
    return users;
  };
  const months = kv.list({ prefix: userMonthPrefix(month) }, { batchSize: BATCH });
  for await (const { key, value } of months) {
    group.set(String(key.at(-1)), value);
    if (group.size === GROUP) yield* await complete();
  }
  if (group.size > 0) yield* await complete();
}
