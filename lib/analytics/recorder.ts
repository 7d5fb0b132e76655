import type { WriteSet } from "../kv/write_set.ts";
import type { Database } from "../kv/database.ts";
import { bump, type CountDelta, total } from "../kv/counts.ts";
import { BotIndex, type IndexedBot } from "./bot_index.ts";
import type {
  CountedStatus,
  FinishedFact,
  ImportedFact,
  ScoredFact,
  SubmittedFact,
} from "./facts.ts";
import { bucketOf } from "./histogram.ts";
import { botKey, userKey, userMonthKey } from "./keys.ts";
import { countLive } from "./live.ts";
import { Histogram, Metric, SCORE_UNIT } from "./metrics.ts";
import { dayOf, firstDay, periodOf, quarterOf, QUARTERS_A_DAY } from "./periods.ts";
import { Rollup } from "./rollup.ts";
import { TopUsers } from "./top_users.ts";
import { countActivity, turnedDays } from "./user_activity.ts";

const SOURCE = {
  knowledge: Metric.fromKnowledge,
  intent: Metric.fromIntent,
  llm: Metric.fromModel,
  none: Metric.unanswered,
} as const;

/**
 * Counts conversations and turns. Each call adds to the caller's write set, so a turn and its
 * numbers are committed together, exactly once. It adds no checks: a write set never fails for
 * the sake of analytics.
 */
export class Recorder {
  readonly #bots: BotIndex;
  readonly #top: TopUsers;

  constructor(db: Database) {
    this.#bots = new BotIndex(db);
    this.#top = new TopUsers(db.kv);
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
    countStatus(rollup, f.startedAt, index, f.from, "pending");
    rollup.addTo(tx);
    if (f.live) countLive(tx, f.from, "pending");
  }

  /** A turn ended: its status, its reply and everything measured about it. */
  async finished(tx: WriteSet, f: FinishedFact): Promise<void> {
    const { index } = this.#bots.peek(f.botId) ?? await this.#bot(f.botId);
    const rollup = new Rollup();
    if (f.messages > 0) rollup.count(f.startedAt, index, Metric.messages, f.messages);
    countStatus(rollup, f.startedAt, index, f.from, f.to);
    countTurn(rollup, index, f);
    rollup.addTo(tx);
    if (f.live !== false) countLive(tx, f.from, f.to);
  }

  /** A failed or cancelled turn is tried again: its conversation is pending once more. */
  async revived(
    tx: WriteSet,
    f: Pick<SubmittedFact, "botId" | "startedAt" | "from" | "live">,
  ): Promise<void> {
    const { index } = this.#bots.peek(f.botId) ?? await this.#bot(f.botId);
    const rollup = new Rollup();
    countStatus(rollup, f.startedAt, index, f.from, "pending");
    rollup.addTo(tx);
    if (f.live) countLive(tx, f.from, "pending");
  }

  /** A conversation was scored for the first time, or its score changed. */
  async scored(tx: WriteSet, f: ScoredFact): Promise<void> {
    const { index } = this.#bots.peek(f.botId) ?? await this.#bot(f.botId);
    const rollup = new Rollup();
    if (f.before === null) rollup.count(f.startedAt, index, Metric.scores);
    const by = inScoreUnits(f.score) - (f.before === null ? 0 : inScoreUnits(f.before));
    rollup.count(f.startedAt, index, Metric.scoreSum, by);
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
      rollup.count(f.startedAt, index, Metric.conversations);
      rollup.count(f.startedAt, index, Metric.messages, f.messages);
      rollup.count(f.startedAt, index, Metric.userMessages, f.userMessages);
      countStatus(rollup, f.startedAt, index, null, f.status);
      if (f.satisfaction !== null) {
        rollup.count(f.startedAt, index, Metric.scores);
        rollup.count(f.startedAt, index, Metric.scoreSum, inScoreUnits(f.satisfaction));
      }
      const starts = users.get(f.userId);
      if (starts) starts.push(f.startedAt);
      else users.set(f.userId, [f.startedAt]);
      if (f.botName !== undefined) names.set(f.botId, f.botName);
    }
    const months = new Set(facts.map((f) => periodOf("month", dayOf(f.startedAt))));
    for (const month of months) await this.#top.prepare(month);
    for (const [userId, starts] of users) this.#countUser(tx, userId, starts);
    rollup.addTo(tx);
    for (const [botId, name] of names) this.#rename(tx, botId, bots.get(botId)!, name);
  }

  async #bot(botId: string): Promise<IndexedBot> {
    return (await this.#bots.resolve([botId])).get(botId)!;
  }

  #rename(tx: WriteSet, botId: string, bot: IndexedBot, name: string): void {
    if (bot.name === name) return;
    const renamed = { index: bot.index, name };
    tx.set(botKey(botId), renamed).afterCommit(() => this.#bots.renamed(botId, renamed));
  }

  /** Counts conversations of a user that started at these instants. */
  #countUser(tx: WriteSet, userId: string, starts: readonly number[]): void {
    const months = new Map<number, Map<number, number>>();
    for (const at of starts) {
      const month = periodOf("month", dayOf(at));
      let quarters = months.get(month);
      if (!quarters) months.set(month, quarters = new Map());
      bump(quarters, quarterOf(at) - firstDay("month", month) * QUARTERS_A_DAY, 1);
    }
    for (const [month, quarters] of months) this.#countUserMonth(tx, userId, month, quarters);
  }

  #countUserMonth(tx: WriteSet, userId: string, month: number, quarters: CountDelta): void {
    let onTop = 0;
    tx.add(userMonthKey(month, userId), quarters, (change, more) => {
      const has = total(change.after);
      onTop = this.#top.move(month, userId, total(change.before), has, more) ? has : 0;
      more.add(userKey(userId), turnedDays(month, change), countActivity);
    });
    tx.afterCommit(() => {
      if (onTop > 0) this.#top.moved(month, userId, onTop);
    });
  }
}

const inScoreUnits = (score: number): number => Math.round(score * SCORE_UNIT);

/** Pending conversations are those that are neither completed nor failed, so they need no counter. */
function countStatus(
  rollup: Rollup,
  startedAt: number,
  bot: number,
  from: CountedStatus | null,
  to: CountedStatus,
): void {
  for (const [status, by] of [[from, -1], [to, 1]] as const) {
    if (status === "completed") rollup.count(startedAt, bot, Metric.completed, by);
    if (status === "failed" || status === "cancelled") {
      rollup.count(startedAt, bot, Metric.failed, by);
    }
    if (status === "cancelled") rollup.count(startedAt, bot, Metric.cancelled, by);
  }
}

const OUTCOME = {
  completed: Metric.turnsCompleted,
  failed: Metric.turnsFailed,
  cancelled: Metric.turnsCancelled,
} as const;

function countTurn(rollup: Rollup, bot: number, f: FinishedFact): void {
  const count = (field: number, by = 1) => rollup.count(f.at, bot, field, by);
  count(OUTCOME[f.outcome]);
  count(Metric.attempts, f.attempts);
  if (f.source) count(SOURCE[f.source]);
  if (f.cached) count(Metric.cached);
  if (f.tokens) {
    count(Metric.promptTokens, f.tokens.prompt);
    count(Metric.completionTokens, f.tokens.completion);
    if (f.tokens.estimated) count(Metric.estimatedTokens);
  }
  if (f.costMicros) count(Metric.costMicros, Math.round(f.costMicros));
  if (f.outcome !== "completed") return;
  const startedWork = f.processingAt ?? f.at;
  const turn = f.at - f.queuedAt;
  const wait = startedWork - f.queuedAt;
  const processing = f.at - startedWork;
  count(Metric.timed);
  count(Metric.turnMs, Math.max(0, Math.round(turn)));
  count(Metric.waitMs, Math.max(0, Math.round(wait)));
  count(Metric.processingMs, Math.max(0, Math.round(processing)));
  if (f.latencyMs !== undefined) count(Metric.responderMs, Math.max(0, Math.round(f.latencyMs)));
  count(Histogram.turn + bucketOf(turn));
  count(Histogram.wait + bucketOf(wait));
  count(Histogram.processing + bucketOf(processing));
}
