import { bump } from "../kv/counts.ts";
import type { IndexedBot } from "./bot_index.ts";
import type { Differences } from "./differences.ts";
import { botKey } from "./keys.ts";
import { LiveField } from "./live.ts";
import { quarterOfMonth } from "./periods.ts";
import { Rollup } from "./rollup.ts";
import {
  countConversation,
  countTurn,
  type EndedTurn,
  type StandingConversation,
} from "./tally.ts";
import { placeOf } from "./user_month.ts";

/** A conversation as its own records tell it, with every end of its turns. */
export interface KeptConversationFact extends StandingConversation {
  conversationId: string;
  botId: string;
  userId: string;
  turns: Omit<EndedTurn, "startedAt">[];
}

/** What the facts add up to. */
export class FactTally {
  conversations = 0;
  turns = 0;
  /** By field of the live record. */
  readonly live = new Map<number, number>();
  /** Users' records of a month (user_month.ts), by month, then user. */
  readonly userMonths = new Map<number, Map<string, Map<number, number>>>();
  readonly #rollup = new Rollup();
  readonly #unknown = new Set<string>();

  private constructor(readonly bots: ReadonlyMap<string, number>) {}

  static async open(kv: Deno.Kv): Promise<FactTally> {
    const bots = new Map<string, number>();
    for await (const { key, value } of kv.list<IndexedBot>({ prefix: botKey("").slice(0, -1) })) {
      bots.set(String(key.at(-1)), value.index);
    }
    return new FactTally(bots);
  }

  add(c: KeptConversationFact): void {
    this.conversations++;
    this.turns += c.turns.length;
    if (c.live) {
      bump(this.live, LiveField.total, 1);
      bump(this.live, LiveField[c.status], 1);
    }
    this.#addUser(c);
    const bot = this.bots.get(c.botId);
    if (bot === undefined) return void this.#unknown.add(c.botId);
    countConversation(this.#rollup, bot, c);
    for (const turn of c.turns) countTurn(this.#rollup, bot, { ...turn, startedAt: c.startedAt });
  }

  reportUnknownBots(found: Differences): void {
    for (const bot of this.#unknown) found.check(null, `bot ${bot}`, "number in the records", 1, 0);
  }

  /** The rollups of 15 minutes, by chunk of bots and quarter hour; counts of 0 are left out. */
  quarters(): Map<number, Map<number, Map<number, number>>> {
    const chunks = new Map<number, Map<number, Map<number, number>>>();
    for (const { quarter, chunk, delta } of this.#rollup.cells()) {
      let quarters = chunks.get(chunk);
      if (!quarters) chunks.set(chunk, quarters = new Map());
      quarters.set(quarter, new Map([...delta].filter(([, count]) => count !== 0)));
    }
    return chunks;
  }

  #addUser({ userId, startedAt, status, course, live }: KeptConversationFact): void {
    const { month, quarter } = quarterOfMonth(startedAt);
    let users = this.userMonths.get(month);
    if (!users) this.userMonths.set(month, users = new Map());
    let quarters = users.get(userId);
    if (!quarters) users.set(userId, quarters = new Map());
    bump(quarters, quarter, 1);
    const place = placeOf(status, course, live);
    if (place !== null) bump(quarters, place + quarter, 1);
  }
}
