/**
 * Field numbers of the count records. They are stored: a number is never given another meaning.
 *
 * A bot's rollup (15 minutes, day or month) has a stride of fields of its own in the record of its
 * chunk of bots: counters first, then one histogram after the other. Totals of a day over all bots
 * have the counters, then those of each quarter hour; totals of a week or month have its users.
 */
export const Metric = {
  /** Totals only: how often the period's data changed. */
  version: 0,
  // Conversations, in the period of their first user message.
  conversations: 1,
  messages: 2,
  userMessages: 3,
  completed: 4,
  failed: 5,
  /** Part of `failed`. */
  cancelled: 6,
  scores: 7,
  /** Sum of the satisfaction scores in millionths. */
  scoreSum: 8,
  /** Scores of 4 and above. */
  satisfied: 9,
  // Turns, in the period in which they ended.
  turnsCompleted: 10,
  turnsFailed: 11,
  turnsCancelled: 12,
  attempts: 13,
  fromKnowledge: 14,
  fromIntent: 15,
  fromModel: 16,
  /** Answers that said they do not know. */
  unanswered: 17,
  cached: 18,
  turnMs: 19,
  waitMs: 20,
  processingMs: 21,
  responderMs: 22,
  promptTokens: 23,
  completionTokens: 24,
  /** Answers whose token counts are estimates. */
  estimatedTokens: 25,
  costMicros: 26,
  /** Completed turns whose times are in the histograms. */
  timed: 27,
  /** Turns that took more than one attempt. */
  retried: 28,
  /** Tokens that answers from the cache did not need. */
  savedTokens: 29,
  /** Part of `responderMs`: answers from the cache. */
  cachedMs: 30,
  // Live conversations, in the period of their first user message.
  /** Whose latest turn was completed or failed. */
  settled: 31,
  /** Completed, no answer said that it does not know, and nobody was handed over. */
  contained: 32,
  /** Whose first turn was answered: those in the histogram of first responses. */
  greeted: 33,
  /** Part of `settled`: handed over to a person. */
  handedOver: 34,
  /** Part of `settled`: not handed over, and the latest turn brought no answer. */
  abandoned: 35,
  // Users, in totals of a day, week or month.
  activeUsers: 40,
  newUsers: 41,
  /** Active in this period and in the one before. */
  retainedUsers: 42,
} as const;

/**
 * First fields of the histograms. Turns: end to end, waiting for a worker, being worked on; of
 * conversations: time to the first answer, and messages.
 */
export const Histogram = {
  turn: 256,
  wait: 768,
  processing: 1280,
  firstResponse: 1792,
  messages: 2304,
} as const;

/**
 * In the totals of a day, from this field on, a few counters of each of its quarter hours, with a
 * stride of fields for each: one write for what always changes together.
 */
export const HOURS = 256;
export const HourMetric = {
  conversations: 0,
  messages: 1,
  userMessages: 2,
  turnsCompleted: 3,
  turnsFailed: 4,
  turnsCancelled: 5,
} as const;
export const HOUR_STRIDE = 8;

/** Counters of what a day has lost of its facts. */
export const Lost = { conversations: 0, records: 1, turns: 2 } as const;

/** What of a conversation's period the facts of its turns tell. */
const OF_FIRST_TURN = (metric: number): boolean =>
  metric === Metric.greeted ||
  metric >= Histogram.firstResponse && metric < Histogram.messages;

/** Which facts a field of a rollup is counted from. */
export function sourceOf(metric: number): "conversation" | "first turn" | "turn" {
  if (OF_FIRST_TURN(metric)) return "first turn";
  const ofTurn = metric >= Metric.turnsCompleted && metric < Metric.settled ||
    metric >= Histogram.turn && metric < Histogram.firstResponse;
  return ofTurn ? "turn" : "conversation";
}

const NAMES = new Map<number, string>(Object.entries(Metric).map(([name, n]) => [n, name]));

/** A field of a rollup in words. */
export function metricName(metric: number): string {
  if (metric < COUNTERS_END) return NAMES.get(metric) ?? `field ${metric}`;
  const [name, base] = Object.entries(Histogram).findLast(([, first]) => first <= metric)!;
  return `${name} histogram, bucket ${metric - base}`;
}

/** Counters are below this; histograms above. */
export const COUNTERS_END = 256;
/** Fields that one bot has in its chunk's record. */
export const STRIDE = 4096;
/** Bots that share a record: few enough that its worst case fits in one value. */
export const BOTS_A_CHUNK = 8;

/** Scores are counted in millionths, so that fractions add up exactly enough to round. */
export const SCORE_UNIT = 1_000_000;
