/**
 * What a fact counts for, in fields of its bot's rollup. The recorder counts changes as they happen,
 * the recount counts what is there; both add up to the same.
 */
import { CALM, type CountedStatus, type Course, type FinishedFact } from "./facts.ts";
import { bucketOf, lengthBucketOf } from "./histogram.ts";
import { Histogram, Metric, SCORE_UNIT } from "./metrics.ts";
import type { Rollup } from "./rollup.ts";

/** A score from here on counts as satisfied. */
const SATISFIED = 4;

const SOURCE = {
  knowledge: Metric.fromKnowledge,
  intent: Metric.fromIntent,
  llm: Metric.fromModel,
  none: Metric.unanswered,
} as const;

const OUTCOME = {
  completed: Metric.turnsCompleted,
  failed: Metric.turnsFailed,
  cancelled: Metric.turnsCancelled,
} as const;

/** A conversation as it stands. */
export interface StandingConversation {
  startedAt: number;
  status: CountedStatus;
  messages: number;
  userMessages: number;
  satisfaction: number | null;
  live: boolean;
  course: Course;
}

/** Counts a whole conversation but for its turns. */
export function countConversation(rollup: Rollup, bot: number, c: StandingConversation): void {
  rollup.count(c.startedAt, bot, Metric.conversations);
  rollup.count(c.startedAt, bot, Metric.messages, c.messages);
  rollup.count(c.startedAt, bot, Metric.userMessages, c.userMessages);
  moveLength(rollup, c.startedAt, bot, 0, c.messages);
  moveStanding(rollup, bot, c, { from: null, to: c.status, after: c.course });
  if (c.satisfaction !== null) countScore(rollup, c.startedAt, bot, c.satisfaction, 1);
}

/** Counts that a conversation's messages became `by` more. */
export function moveLength(
  rollup: Rollup,
  startedAt: number,
  bot: number,
  before: number | undefined,
  by: number,
): void {
  if (before === undefined || by === 0) return;
  if (before > 0) rollup.count(startedAt, bot, Histogram.messages + lengthBucketOf(before), -1);
  rollup.count(startedAt, bot, Histogram.messages + lengthBucketOf(before + by));
}

/** A change; no course: nothing went wrong so far. */
export interface Move {
  from: CountedStatus | null;
  to: CountedStatus;
  before?: Course;
  after?: Course;
}

/**
 * Which kinds a live conversation is of. Those that are settled are contained, handed over,
 * abandoned, or got their answer after all.
 */
function kindsOf(status: CountedStatus | null, { troubled, unanswered, handedOver }: Course) {
  const settled = status === "completed" || status === "failed";
  const answered = status === "completed" && !unanswered;
  return {
    settled: Number(settled),
    handedOver: Number(settled && handedOver),
    contained: Number(answered && !troubled && !handedOver),
    abandoned: Number(settled && !answered && !handedOver),
  };
}

/**
 * Counts a conversation's change of status or course. Pending conversations are those that are neither
 * completed nor failed, so they need no counter.
 */
export function moveStanding(
  rollup: Rollup,
  bot: number,
  { startedAt, live }: { startedAt: number; live: boolean },
  { from, to, before = CALM, after = CALM }: Move,
): void {
  const count = (field: number, by: number) => {
    if (by !== 0) rollup.count(startedAt, bot, field, by);
  };
  const change = (is: (status: CountedStatus | null) => boolean) =>
    Number(is(to)) - Number(is(from));
  count(Metric.completed, change((status) => status === "completed"));
  count(Metric.failed, change((status) => status === "failed" || status === "cancelled"));
  count(Metric.cancelled, change((status) => status === "cancelled"));
  if (!live) return;
  const was = kindsOf(from, before);
  const is = kindsOf(to, after);
  count(Metric.settled, is.settled - was.settled);
  count(Metric.contained, is.contained - was.contained);
  count(Metric.handedOver, is.handedOver - was.handedOver);
  count(Metric.abandoned, is.abandoned - was.abandoned);
}

/** Counts a satisfaction score, or takes it back (`by` −1). */
export function countScore(
  rollup: Rollup,
  startedAt: number,
  bot: number,
  score: number,
  by: 1 | -1,
): void {
  rollup.count(startedAt, bot, Metric.scores, by);
  rollup.count(startedAt, bot, Metric.scoreSum, by * Math.round(score * SCORE_UNIT));
  if (score >= SATISFIED) rollup.count(startedAt, bot, Metric.satisfied, by);
}

/** What counts of how a turn ended. */
export type EndedTurn = Pick<
  FinishedFact,
  | "startedAt"
  | "turn"
  | "queuedAt"
  | "processingAt"
  | "at"
  | "outcome"
  | "attempts"
  | "source"
  | "cached"
  | "latencyMs"
  | "tokens"
  | "costMicros"
>;

/** Counts a turn's end. */
export function countTurn(rollup: Rollup, bot: number, f: EndedTurn): void {
  const count = (field: number, by = 1) => {
    if (by !== 0) rollup.count(f.at, bot, field, by);
  };
  count(OUTCOME[f.outcome]);
  count(Metric.attempts, f.attempts);
  if (f.attempts > 1) count(Metric.retried);
  if (f.source) count(SOURCE[f.source]);
  if (f.cached) count(Metric.cached);
  if (f.tokens && f.cached) count(Metric.savedTokens, f.tokens.prompt + f.tokens.completion);
  else if (f.tokens) {
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
  count(Metric.turnMs, whole(turn));
  count(Metric.waitMs, whole(wait));
  count(Metric.processingMs, whole(processing));
  if (f.latencyMs !== undefined) {
    count(Metric.responderMs, whole(f.latencyMs));
    if (f.cached) count(Metric.cachedMs, whole(f.latencyMs));
  }
  count(Histogram.turn + bucketOf(turn));
  count(Histogram.wait + bucketOf(wait));
  count(Histogram.processing + bucketOf(processing));
  if (f.turn === 1) {
    rollup.count(f.startedAt, bot, Metric.greeted);
    rollup.count(f.startedAt, bot, Histogram.firstResponse + bucketOf(turn));
  }
}

/** Whole milliseconds, from the thousandths that are stored with an answer. */
const whole = (ms: number): number => Math.max(0, Math.round(Math.round(ms * 1000) / 1000));
