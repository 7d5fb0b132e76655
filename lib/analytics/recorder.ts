import type { WriteSet } from "../kv/write_set.ts";
import type { Database } from "../kv/database.ts";
import { bump, type CountDelta } from "../kv/counts.ts";
import { BotIndex, type IndexedBot } from "./bot_index.ts";
import {
  CALM,
  type CountedStatus,
  type FinishedFact,
  type ForgottenFact,
  type HandedOverFact,
  type ImportedFact,
  type ScoredFact,
  type SubmittedFact,
} from "./facts.ts";
import {
  countConversation,
  countScore,
  countTurn,
  type Move,
  moveLength,
  moveStanding,
} from "./tally.ts";
import { botKey, lostKey, userKey, userMonthKey } from "./keys.ts";
import { countLive } from "./live.ts";
import { Lost, Metric } from "./metrics.ts";
import { dayOf, periodOf, quarterOfMonth } from "./periods.ts";
import { Rollup } from "./rollup.ts";
import { TopUsers } from "./top_users.ts";
import { UnansweredQuestions } from "./unanswered.ts";
import { countActivity, turnedDays } from "./user_activity.ts";
import { noteRecord, noteReplaced } from "./user_changes.ts";
import { placeOf, startedIn } from "./user_month.ts";

const IMPORTED = placeOf("completed", CALM, false);

/**
 * Counts conversations and turns. Each call adds to the caller's write set, so a turn and its
 * numbers are committed together, exactly once. It adds no checks: a write set never fails for
 * the sake of analytics.
 */
export class Recorder {
  readonly #bots: BotIndex;
  readonly #top: TopUsers;
  /** What bots had no answer to. */
  readonly unanswered: UnansweredQuestions;

  constructor(db: Database) {
    this.#bots = new BotIndex(db);
    this.#top = new TopUsers(db);
    this.unanswered = new UnansweredQuestions(db);
  }

  /** A user's message was accepted. */
  async submitted(tx: WriteSet, f: SubmittedFact): Promise<void> {
    const bot = this.#bots.peek(f.botId) ?? await this.#bot(f.botId);
    const rollup = new Rollup();
    const { index } = bot;
    rollup.count(f.startedAt, index, Metric.messages);
    rollup.count(f.startedAt, index, Metric.userMessages);
    if (f.first) {
      rollup.count(f.startedAt, index, Metric.conversations);
      const month = periodOf("month", dayOf(f.startedAt));
      if (!this.#top.prepared(month)) await this.#top.prepare(month);
      this.#countUser(tx, f.userId, [f.startedAt]);
    }
    moveLength(rollup, f.startedAt, index, f.messagesBefore, 1);
    const { from, course } = f;
    this.#move(tx, rollup, index, f, { from, to: "pending", before: course, after: course });
    rollup.addTo(tx);
    if (f.live) countLive(tx, f.from, "pending");
  }

  /** A turn ended: its status, its reply and everything measured about it. */
  async finished(tx: WriteSet, f: FinishedFact): Promise<void> {
    const { index } = this.#bots.peek(f.botId) ?? await this.#bot(f.botId);
    const rollup = new Rollup();
    if (f.messages > 0) rollup.count(f.startedAt, index, Metric.messages, f.messages);
    moveLength(rollup, f.startedAt, index, f.messagesBefore, f.messages);
    const { userId, startedAt, live = true } = f;
    this.#move(tx, rollup, index, { userId, startedAt, live }, {
      from: f.from,
      to: f.to,
      before: f.course,
      after: f.courseAfter,
    });
    countTurn(rollup, index, f);
    rollup.addTo(tx);
    if (f.source === "none" && f.question) {
      const { conversationId, turn, at } = f;
      await this.unanswered.add(tx, index, f.question, { conversationId, turn, at });
    }
    if (live) countLive(tx, f.from, f.to);
  }

  /** A failed or cancelled turn is tried again: its conversation is pending once more. */
  async revived(
    tx: WriteSet,
    f: Pick<SubmittedFact, "botId" | "userId" | "startedAt" | "live" | "course"> & {
      from: CountedStatus;
    },
  ): Promise<void> {
    const { index } = this.#bots.peek(f.botId) ?? await this.#bot(f.botId);
    const rollup = new Rollup();
    const { from, course } = f;
    this.#move(tx, rollup, index, f, { from, to: "pending", before: course, after: course });
    rollup.addTo(tx);
    if (f.live) countLive(tx, f.from, "pending");
  }

  /** A user was handed over to a person. */
  async handedOver(tx: WriteSet, f: HandedOverFact): Promise<void> {
    const { index } = this.#bots.peek(f.botId) ?? await this.#bot(f.botId);
    const rollup = new Rollup();
    const { status, course } = f;
    const after = { ...course, handedOver: true };
    this.#move(tx, rollup, index, f, { from: status, to: status, before: course, after });
    rollup.addTo(tx);
  }

  /** A conversation was scored for the first time, or its score changed. */
  async scored(tx: WriteSet, f: ScoredFact): Promise<void> {
    const { index } = this.#bots.peek(f.botId) ?? await this.#bot(f.botId);
    const rollup = new Rollup();
    if (f.before !== null) countScore(rollup, f.startedAt, index, f.before, -1);
    countScore(rollup, f.startedAt, index, f.score, 1);
    rollup.addTo(tx);
  }

  /** Finished conversations from elsewhere, many in one write set. Not part of the live figures. */
  async imported(tx: WriteSet, facts: readonly ImportedFact[]): Promise<void> {
    const bots = await this.#bots.resolve(facts.map((f) => f.botId));
    const rollup = new Rollup();
    const users = new Map<string, number[]>();
    const names = new Map<string, string>();
    for (const f of facts) {
      const { index } = bots.get(f.botId)!;
      countConversation(rollup, index, { ...f, live: false, course: CALM });
      const starts = users.get(f.userId);
      if (starts) starts.push(f.startedAt);
      else users.set(f.userId, [f.startedAt]);
      if (f.botName !== undefined) names.set(f.botId, f.botName);
    }
    const months = new Set(facts.map((f) => periodOf("month", dayOf(f.startedAt))));
    for (const month of months) await this.#top.prepare(month);
    for (const [userId, starts] of users) this.#countUser(tx, userId, starts, IMPORTED);
    rollup.addTo(tx);
    for (const [botId, name] of names) this.#rename(tx, botId, bots.get(botId)!, name);
  }

  /** Facts are packed or deleted: a recount leaves out what they were part of. */
  forgotten(tx: WriteSet, f: ForgottenFact): void {
    const days = new Map<number, Map<number, number>>();
    const lose = (at: number, what: number) => {
      const day = dayOf(at);
      if (!days.has(day)) days.set(day, new Map());
      bump(days.get(day)!, what, 1);
    };
    if (f.gone) lose(f.startedAt, Lost.conversations);
    for (const at of f.turnEnds) lose(at, Lost.turns);
    // Time to the first answer is counted with the conversation but known from its turns.
    if (f.turnEnds.length > 0) lose(f.startedAt, Lost.records);
    for (const [day, lost] of days) tx.add(lostKey(day), lost);
  }

  /** Ids of users were replaced by these in what was counted, by commits that did not tell. */
  async replaced(tx: WriteSet, userIds: readonly string[]): Promise<void> {
    await this.#top.renamed(userIds);
    noteReplaced(tx);
    tx.afterCommit(() => this.unanswered.forgetTexts());
  }

  async #bot(botId: string): Promise<IndexedBot> {
    return (await this.#bots.resolve([botId])).get(botId)!;
  }

  #rename(tx: WriteSet, botId: string, bot: IndexedBot, name: string): void {
    if (bot.name === name) return;
    const renamed = { index: bot.index, name };
    tx.set(botKey(botId), renamed).afterCommit(() => this.#bots.renamed(botId, renamed));
  }

  /** Counts a conversation's change of status or course, for its bot and for its user. */
  #move(
    tx: WriteSet,
    rollup: Rollup,
    bot: number,
    f: { userId: string; startedAt: number; live: boolean },
    move: Move,
  ): void {
    moveStanding(rollup, bot, f, move);
    const { from, to, before = CALM, after = CALM } = move;
    const was = from === null ? null : placeOf(from, before, f.live);
    const is = placeOf(to, after, f.live);
    if (was === is) return;
    const { month, quarter } = quarterOfMonth(f.startedAt);
    const delta = new Map<number, number>();
    if (was !== null) delta.set(was + quarter, -1);
    if (is !== null) delta.set(is + quarter, 1);
    this.#countUserMonth(tx, f.userId, month, delta);
  }

  /** Counts conversations of a user that started at these instants; `place` as of `placeOf`. */
  #countUser(tx: WriteSet, userId: string, starts: readonly number[], place?: number | null): void {
    const months = new Map<number, Map<number, number>>();
    for (const at of starts) {
      const { month, quarter } = quarterOfMonth(at);
      let quarters = months.get(month);
      if (!quarters) months.set(month, quarters = new Map());
      bump(quarters, quarter, 1);
      if (place != null) bump(quarters, place + quarter, 1);
    }
    for (const [month, quarters] of months) this.#countUserMonth(tx, userId, month, quarters);
  }

  #countUserMonth(tx: WriteSet, userId: string, month: number, quarters: CountDelta): void {
    noteRecord(tx, month);
    let onTop = 0;
    tx.add(userMonthKey(month, userId), quarters, (change, more) => {
      const has = startedIn(change.after);
      onTop = this.#top.move(month, userId, startedIn(change.before), has, more) ? has : 0;
      more.add(userKey(userId), turnedDays(month, change), countActivity);
    });
    tx.afterCommit(() => {
      if (onTop > 0) this.#top.moved(month, userId, onTop);
    });
  }
}
