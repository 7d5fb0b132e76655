import { InLine } from "../in_line.ts";
import { type Counts, decodeCounts } from "../kv/counts.ts";
import { Recent } from "../kv/recent.ts";
import { userKey, userMonthPrefix } from "./keys.ts";
import { dayOf, firstDay, periodOf, QUARTER_MS, QUARTERS_A_DAY } from "./periods.ts";
import { readNear } from "./read_near.ts";
import { activeDays } from "./user_activity.ts";
import { readUserChanges, type UserChanges } from "./user_changes.ts";
import { startedUntil } from "./user_month.ts";

/** A user's record of a month (user_month.ts). */
export interface UserMonth {
  readonly userId: string;
  readonly record: Counts;
  /** Quarter hour, since the epoch, at which the month begins. */
  readonly base: number;
  /** It is the user's first month ever. */
  readonly firstEver: boolean;
  readonly versionstamp: string;
}

/** The month that a quarter hour lies in. */
export const monthAt = (quarter: number): number => periodOf("month", dayOf(quarter * QUARTER_MS));

/** Users whose records are read together. */
const GROUP = 300;
const BATCH = 500;
const MAX_BYTES = 48 * 1024 * 1024;
/** A month that takes more is read anew each time, a group of users after the other. */
const MAX_MONTH_BYTES = MAX_BYTES / 3;

/** About what a user's month takes in memory. */
const bytesOf = ({ record }: UserMonth): number => 250 + 16 * record.fields.length;
const bytesOfAll = (users: readonly UserMonth[]): number =>
  users.reduce((sum, user) => sum + bytesOf(user), 0);

interface Kept {
  changes: UserChanges;
  users: readonly UserMonth[];
  bytes: number;
}

/**
 * The users of months, which many figures are counted from. What was read is kept in memory, and
 * taken again as long as the count of changes says that nothing changed; of a month in which
 * something did, only records that are not as before are decoded.
 */
export class UserMonths {
  readonly #kept = new Recent<Kept>(MAX_BYTES, ({ bytes }) => bytes);
  /**
   * Whoever asks for a month meanwhile waits for the reading under way, but does not share it: it may
   * have begun before what they must see.
   */
  readonly #readings = new InLine();
  /** Months that take too much. */
  readonly #large = new Set<number>();

  constructor(private readonly kv: Deno.Kv) {}

  /** The users of a month by id, in groups. */
  async *of(month: number): AsyncGenerator<readonly UserMonth[]> {
    const users = await this.#readings.run(String(month), () => this.#read(month));
    if (users) yield users;
    else yield* readUsers(this.kv, month);
  }

  /**
   * How many started a conversation in the first so many quarter hours of a month. One that is not in
   * memory is only listed: to keep it, more must be read of each user.
   */
  async countUntil(month: number, quarters: number): Promise<number> {
    const changes = await readUserChanges(this.kv, month);
    const kept = this.#kept.get(String(month));
    if (kept && isSame(kept.changes, changes)) {
      return kept.users.filter(({ record }) => startedUntil(record, quarters)).length;
    }
    let count = 0;
    for await (const { value } of listMonth(this.kv, month)) {
      if (startedUntil(decodeCounts(value), quarters)) count++;
    }
    return count;
  }

  /** Null for a month that is too large to be kept. */
  async #read(month: number): Promise<readonly UserMonth[] | null> {
    if (this.#large.has(month)) return null;
    // Before the records: what changes in between is then read again the next time.
    const changes = await readUserChanges(this.kv, month);
    const kept = this.#kept.get(String(month));
    if (kept && isSame(kept.changes, changes)) return kept.users;
    const same = kept?.changes.identities === changes.identities;
    const known = new Map(same ? kept.users.map((user) => [user.userId, user]) : []);
    const users: UserMonth[] = [];
    let bytes = 0;
    for await (const group of readUsers(this.kv, month, known)) {
      for (const user of group) users.push(user);
      bytes += bytesOfAll(group);
      if (bytes <= MAX_MONTH_BYTES) continue;
      this.#kept.delete(String(month));
      this.#large.add(month);
      return null;
    }
    this.#kept.set(String(month), { changes, users, bytes });
    return users;
  }
}

const isSame = (one: UserChanges, other: UserChanges): boolean =>
  one.records === other.records && one.identities === other.identities;

const listMonth = (kv: Deno.Kv, month: number) =>
  kv.list({ prefix: userMonthPrefix(month) }, { batchSize: BATCH });

/**
 * Reads the users of a month by id, a few hundred of them at a time. Of those `known` the record is
 * taken as it is where its versionstamp is the same, and whether it is their first month as well.
 */
async function* readUsers(
  kv: Deno.Kv,
  month: number,
  known: ReadonlyMap<string, UserMonth> = new Map(),
): AsyncGenerator<readonly UserMonth[]> {
  const base = firstDay("month", month) * QUARTERS_A_DAY;
  let group: (Omit<UserMonth, "firstEver"> & { firstEver?: boolean })[] = [];
  const complete = async (): Promise<UserMonth[]> => {
    const users = group;
    group = [];
    const fresh = users.filter((user) => user.firstEver === undefined).map((user) => user.userId);
    const records = await readNear(kv, userKey, fresh);
    const isFirst = (userId: string) => {
      const [first] = activeDays(decodeCounts(records.get(userId)));
      return first !== undefined && periodOf("month", first) === month;
    };
    return users.map((user) => {
      const { firstEver = isFirst(user.userId) } = user;
      return firstEver === user.firstEver ? user as UserMonth : { ...user, firstEver };
    });
  };
  for await (const { key, value, versionstamp } of listMonth(kv, month)) {
    const userId = String(key.at(-1));
    const before = known.get(userId);
    if (before?.versionstamp === versionstamp) group.push(before);
    else {
      const record = decodeCounts(value);
      // Without a start it was not known.
      const firstEver = before && startedUntil(before.record, Infinity)
        ? before.firstEver
        : undefined;
      group.push({ userId, record, base, versionstamp, firstEver });
    }
    if (group.length === GROUP) yield await complete();
  }
  if (group.length > 0) yield await complete();
}
