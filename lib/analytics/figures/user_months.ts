import { type Counts, decodeCounts } from "../../kv/counts.ts";
import { userKey, userMonthPrefix } from "../keys.ts";
import { dayOf, firstDay, periodOf, QUARTER_MS, QUARTERS_A_DAY } from "../periods.ts";
import { activeDays } from "../user_activity.ts";

const GET_MANY = 10;
/** Users read at a time. */
const GROUP = 200;

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

/** The users of a month with their records, by id, read a few at a time. */
export async function* usersOf(kv: Deno.Kv, month: number): AsyncGenerator<UserMonth> {
  const base = firstDay("month", month) * QUARTERS_A_DAY;
  let group: { userId: string; record: Counts; base: number }[] = [];
  const withFirst = async (): Promise<UserMonth[]> => {
    const reads: Promise<Deno.KvEntryMaybe<unknown>[]>[] = [];
    for (let i = 0; i < group.length; i += GET_MANY) {
      reads.push(kv.getMany(group.slice(i, i + GET_MANY).map(({ userId }) => userKey(userId))));
    }
    const users = (await Promise.all(reads)).flat();
    const known = group.map((user, i) => {
      const [first] = activeDays(decodeCounts(users[i]!.value));
      return { ...user, firstEver: first !== undefined && periodOf("month", first) === month };
    });
    group = [];
    return known;
  };
  for await (
    const { key, value } of kv.list({ prefix: userMonthPrefix(month) }, { batchSize: GROUP })
  ) {
    group.push({ userId: String(key.at(-1)), record: decodeCounts(value), base });
    if (group.length === GROUP) yield* await withFirst();
  }
  if (group.length > 0) yield* await withFirst();
}
