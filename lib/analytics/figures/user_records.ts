import { type Counts, decodeCounts } from "../../kv/counts.ts";
import { userKey, userMonthPrefix } from "../keys.ts";
import { activeDays } from "../user_activity.ts";

/** Users of a month whose records are read together. */
const GROUP = 300;
/** So many times their number of users are read over to find them; a list costs a fifth of a get. */
const READ_OVER = 3;
const BATCH = 500;
const GET_MANY = 10;

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
    const records = await userRecords(kv, [...group.keys()]);
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

/**
 * The records of users over all time; `ids` in the order of their keys. Users of a month mostly lie
 * close together, so they are listed; where many others lie between them the rest is got by id.
 */
export async function userRecords(
  kv: Deno.Kv,
  ids: readonly string[],
): Promise<Map<string, unknown>> {
  const wanted = new Set(ids);
  const found = new Map<string, unknown>();
  const limit = ids.length * READ_OVER;
  const range = { start: userKey(ids[0]!), end: [...userKey(ids.at(-1)!), 0] };
  let seen = 0;
  for await (const { key, value } of kv.list(range, { limit, batchSize: Math.min(limit, BATCH) })) {
    seen++;
    const userId = String(key.at(-1));
    if (wanted.has(userId)) found.set(userId, value);
  }
  if (seen < limit) return found;
  const rest = ids.filter((userId) => !found.has(userId));
  for (let i = 0; i < rest.length; i += GET_MANY) {
    const some = rest.slice(i, i + GET_MANY);
    const entries = await kv.getMany(some.map(userKey));
    entries.forEach(({ value }, at) => found.set(some[at]!, value));
  }
  return found;
}
