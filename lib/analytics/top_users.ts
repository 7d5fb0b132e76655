import { LRUCache } from "lru-cache";
import { decodeCounts } from "../kv/counts.ts";
import type { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import { topKey, topPrefix, userKey, userMonthPrefix } from "./keys.ts";
import { periodOf } from "./periods.ts";
import { compareIds } from "./rounding.ts";
import { activeDays } from "./user_activity.ts";
import { startedIn } from "./user_month.ts";

/** Rows of a top list. */
export const TOP_ROWS = 5;
const MAX_MONTHS = 256;

/** A user's place in a month. */
export interface UserCount {
  userId: string;
  conversations: number;
}

/**
 * The users with the most conversations of each month, kept sorted in the database at little cost:
 * a user's entry is moved only when the user comes before the fifth as this process last saw it.
 * Counts only grow, so the true fifth comes no later, and everyone who belongs in the list is in it
 * with the exact count. Other ids make another order of those who are level: see `renamed`.
 */
export class TopUsers {
  readonly #leaders = new LRUCache<number, Map<string, number>>({ max: MAX_MONTHS });

  constructor(readonly db: Database) {}

  /** Reads the month's leaders once, so that the bound is not 0 after a start. */
  async prepare(month: number): Promise<void> {
    if (this.#leaders.has(month)) return;
    const top = await readTopUsers(this.db.kv, month);
    if (this.#leaders.has(month)) return;
    this.#leaders.set(month, new Map(top.map((u) => [u.userId, u.conversations])));
  }

  /** Whether `prepare` has anything to do. */
  prepared(month: number): boolean {
    return this.#leaders.has(month);
  }

  /**
   * Moves the user's entry in the month, if the user belongs near the top. True when it did; then
   * call `moved` once that is committed.
   */
  move(month: number, userId: string, had: number, has: number, tx: WriteSet): boolean {
    if (has === had || !this.#belongs(month, { userId, conversations: has })) return false;
    if (had > 0) tx.delete(topKey(month, had, userId));
    if (has > 0) tx.set(topKey(month, has, userId), 1);
    return true;
  }

  /** The user's entry with this many conversations is stored. */
  moved(month: number, userId: string, conversations: number): void {
    const leaders = this.#leaders.get(month);
    if (!leaders) return;
    leaders.set(userId, Math.max(conversations, leaders.get(userId) ?? 0));
    if (leaders.size <= TOP_ROWS) return;
    leaders.delete(lastOf(leaders).userId);
  }

  /**
   * Users have other ids now. Among those who are level ids decide, so somebody may belong in the
   * list who was not entered. Costs by the users of the months in which the renamed were active.
   */
  async renamed(userIds: readonly string[]): Promise<void> {
    // From here on whoever changes is measured by who is in the list, which holds no one too many.
    this.#leaders.clear();
    const { kv } = this.db;
    const months = new Set<number>();
    for (const userId of userIds) {
      const days = activeDays(decodeCounts((await kv.get(userKey(userId))).value));
      for (const day of days) months.add(periodOf("month", day));
    }
    for (const month of months) await this.#enterAgain(month);
  }

  /** Enters the month's first five by what is counted of each user. */
  async #enterAgain(month: number): Promise<void> {
    let top: (UserCount & Pick<Deno.KvEntry<unknown>, "key" | "versionstamp">)[] = [];
    const all = this.db.kv.list({ prefix: userMonthPrefix(month) }, { batchSize: 500 });
    for await (const { key, value, versionstamp } of all) {
      const conversations = startedIn(decodeCounts(value));
      const user = { userId: String(key.at(-1)), conversations, key, versionstamp };
      if (top.length === TOP_ROWS && !comesBefore(user, top.at(-1)!)) continue;
      top = [...top, user].sort((a, b) => comesBefore(a, b) ? -1 : 1).slice(0, TOP_ROWS);
    }
    // Who has changed since is entered by that change.
    await Promise.all(
      top.map(({ userId, conversations, key, versionstamp }) =>
        this.db.commit(
          new WriteSet().check(key, versionstamp).set(topKey(month, conversations, userId), 1),
        )
      ),
    );
  }

  #belongs(month: number, user: UserCount): boolean {
    const leaders = this.#leaders.get(month);
    if (!leaders || leaders.size < TOP_ROWS || leaders.has(user.userId)) return true;
    return comesBefore(user, lastOf(leaders));
  }
}

function lastOf(leaders: ReadonlyMap<string, number>): UserCount {
  return [...leaders]
    .map(([userId, conversations]) => ({ userId, conversations }))
    .reduce((a, b) => comesBefore(a, b) ? b : a);
}

/** The order of the list: most conversations first, then by id as the database sorts it. */
function comesBefore(a: UserCount, b: UserCount): boolean {
  if (a.conversations !== b.conversations) return a.conversations > b.conversations;
  return compareIds(a.userId, b.userId) < 0;
}

/** The month's users with the most conversations, at most five, ties by id. */
export async function readTopUsers(kv: Deno.Kv, month: number): Promise<UserCount[]> {
  const top = new Map<string, number>();
  // A user passed by others may have an older, lower entry left: the first one counts.
  for await (const { key } of kv.list({ prefix: topPrefix(month) }, { limit: 2 * TOP_ROWS })) {
    const userId = key[4] as string;
    if (!top.has(userId)) top.set(userId, -(key[3] as number));
    if (top.size === TOP_ROWS) break;
  }
  return [...top].map(([userId, conversations]) => ({ userId, conversations }));
}
