import type { Counts } from "../../kv/counts.ts";
import { lengthOf, percentile } from "../histogram.ts";
import { Histogram, Metric } from "../metrics.ts";
import { meanScore, ratio2, round2 } from "../rounding.ts";
import { type BucketUsers, NO_USERS } from "./bucket_users.ts";
import { countIn, type Sum } from "./bucket_sums.ts";

/** Figures of one metric; null where nothing was observed. */
export type Figures = Record<string, number | null>;

const MICROS = 1_000_000;

/** A ratio in percent, with what it is a share of. */
const rate = (part: number, n: number) => ({ value: ratio2(part, n, 100), n });

const percentiles = (sum: Sum, base: number, n: number) => {
  const counts = sorted(sum);
  const at = (p: number) => {
    const ms = percentile(counts, base, p);
    return ms === null ? null : round2(ms);
  };
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), n };
};

const sorted = (sum: Sum): Counts => {
  const entries = [...sum].filter(([, count]) => count !== 0).sort(([a], [b]) => a - b);
  return { fields: entries.map(([field]) => field), values: entries.map(([, count]) => count) };
};

/** Metrics that are made of rollups, so of any bot and time. docs/analytics.md defines each. */
export const FIGURES = {
  conversations: (s: Sum) => ({ value: countIn(s, Metric.conversations) }),
  messages: (s: Sum) => ({ value: countIn(s, Metric.messages) }),
  status: (s: Sum) => {
    const n = countIn(s, Metric.conversations);
    const [completed, failed] = [countIn(s, Metric.completed), countIn(s, Metric.failed)];
    const cancelled = countIn(s, Metric.cancelled);
    return { pending: n - completed - failed, completed, failed, cancelled, n };
  },
  messages_per_conversation: (s: Sum) => {
    const n = countIn(s, Metric.conversations);
    const counts = sorted(s);
    const at = (p: number) => percentile(counts, Histogram.messages, p, lengthOf);
    const mean = ratio2(countIn(s, Metric.messages), n);
    return { mean, median: at(0.5), p90: at(0.9), n };
  },
  turns: (s: Sum) => {
    const completed = countIn(s, Metric.turnsCompleted);
    const failed = countIn(s, Metric.turnsFailed);
    const cancelled = countIn(s, Metric.turnsCancelled);
    return { completed, failed, cancelled, n: completed + failed + cancelled };
  },
  answer_rate: (s: Sum) => {
    const n = countIn(s, Metric.turnsCompleted);
    return rate(n - countIn(s, Metric.unanswered), n);
  },
  fallback_rate: (s: Sum) => rate(countIn(s, Metric.unanswered), countIn(s, Metric.turnsCompleted)),
  sources: (s: Sum) => ({
    knowledge: countIn(s, Metric.fromKnowledge),
    intent: countIn(s, Metric.fromIntent),
    llm: countIn(s, Metric.fromModel),
    none: countIn(s, Metric.unanswered),
    n: countIn(s, Metric.turnsCompleted),
  }),
  containment_rate: (s: Sum) => rate(countIn(s, Metric.contained), countIn(s, Metric.settled)),
  handoff_rate: (s: Sum) => rate(countIn(s, Metric.handedOver), countIn(s, Metric.settled)),
  abandon_rate: (s: Sum) => rate(countIn(s, Metric.abandoned), countIn(s, Metric.settled)),
  first_response_ms: (s: Sum) =>
    percentiles(s, Histogram.firstResponse, countIn(s, Metric.greeted)),
  turn_ms: (s: Sum) => timing(s, Histogram.turn, Metric.turnMs),
  wait_ms: (s: Sum) => timing(s, Histogram.wait, Metric.waitMs),
  processing_ms: (s: Sum) => timing(s, Histogram.processing, Metric.processingMs),
  success_rate: (s: Sum) => {
    const completed = countIn(s, Metric.turnsCompleted);
    return rate(completed, completed + countIn(s, Metric.turnsFailed));
  },
  error_rate: (s: Sum) => {
    const failed = countIn(s, Metric.turnsFailed);
    return rate(failed, failed + countIn(s, Metric.turnsCompleted));
  },
  retry_rate: (s: Sum) => {
    const n = countIn(s, Metric.turnsCompleted) + countIn(s, Metric.turnsFailed) +
      countIn(s, Metric.turnsCancelled);
    return rate(countIn(s, Metric.retried), n);
  },
  cache: (s: Sum) => cacheFigures(s),
  csat: (s: Sum) => {
    const n = countIn(s, Metric.scores);
    const conversations = countIn(s, Metric.conversations);
    return {
      ...rate(countIn(s, Metric.satisfied), n),
      mean: meanScore(countIn(s, Metric.scoreSum), n),
      response_rate: ratio2(n, conversations, 100),
      response_n: conversations,
    };
  },
  tokens: (s: Sum) => {
    const prompt = countIn(s, Metric.promptTokens);
    const completion = countIn(s, Metric.completionTokens);
    const estimated = countIn(s, Metric.estimatedTokens);
    return { prompt, completion, total: prompt + completion, estimated_answers: estimated };
  },
  cost: (s: Sum) => {
    const micros = countIn(s, Metric.costMicros);
    const n = countIn(s, Metric.turnsCompleted);
    return { total: micros / MICROS, per_answer: n === 0 ? null : sixDigits(micros / n), n };
  },
} satisfies Record<string, (sum: Sum) => Figures>;

/** Metrics of users, over all bots. */
export const USER_FIGURES = {
  active_users: (u: BucketUsers) => ({ value: u.active }),
  new_users: (u: BucketUsers) => ({ value: u.fresh, n: u.active }),
  lifecycle: (u: BucketUsers) => ({
    new: u.fresh,
    returning: u.returning,
    resurrecting: u.active - u.fresh - u.returning,
    n: u.active,
    dormant: u.before - u.returning,
    dormant_n: u.before,
  }),
  engagement: ({ trailing: { daily, weekly, monthly } }: BucketUsers) => ({
    dau: daily,
    wau: weekly,
    mau: monthly,
    stickiness: ratio2(daily, monthly, 100),
    n: monthly,
  }),
  contained_24h_rate: ({ quiet }: BucketUsers) => rate(quiet.contained, quiet.n),
} satisfies Record<string, (users: BucketUsers) => Figures>;

export type FigureName = keyof typeof FIGURES;
export type UserFigureName = keyof typeof USER_FIGURES;
export type MetricName = FigureName | UserFigureName;

/** What looks beyond a period's ends, so that two periods are not compared by it. */
export const UNCOMPARED: readonly MetricName[] = ["lifecycle", "engagement", "contained_24h_rate"];

export const isUserFigure = (name: MetricName): name is UserFigureName => name in USER_FIGURES;

/** Metrics whose figures are percentiles of a histogram. */
const OF_HISTOGRAMS: readonly MetricName[] = [
  "messages_per_conversation",
  "first_response_ms",
  "turn_ms",
  "wait_ms",
  "processing_ms",
];
export const needsHistograms = (names: readonly MetricName[]): boolean =>
  names.some((name) => OF_HISTOGRAMS.includes(name));

function timing(s: Sum, base: number, total: number) {
  const n = countIn(s, Metric.timed);
  return { mean: ratio2(countIn(s, total), n), ...percentiles(s, base, n) };
}

/**
 * What answers from the cache saved, taking each to have cost otherwise what the mean of the others
 * did in the same time.
 */
function cacheFigures(s: Sum) {
  const n = countIn(s, Metric.turnsCompleted);
  const cached = countIn(s, Metric.cached);
  const others = n - cached;
  const cachedMs = countIn(s, Metric.cachedMs);
  const otherMs = countIn(s, Metric.responderMs) - cachedMs;
  const cost = countIn(s, Metric.costMicros);
  const known = cached > 0 && others > 0;
  return {
    hit_rate: ratio2(cached, n, 100),
    n,
    saved_ms: known ? Math.max(0, Math.round(otherMs / others * cached - cachedMs)) : null,
    saved_tokens: countIn(s, Metric.savedTokens),
    saved_cost: known ? sixDigits(cost / others * cached) : null,
  };
}

const sixDigits = (micros: number): number => Math.round(micros) / MICROS;

/** The figures that each metric has, in their order. */
export const FIGURE_NAMES = Object.fromEntries([
  ...Object.entries(FIGURES).map(([name, of]) => [name, Object.keys(of(new Map()))]),
  ...Object.entries(USER_FIGURES).map(([name, of]) => [name, Object.keys(of(NO_USERS))]),
]) as Record<MetricName, string[]>;
