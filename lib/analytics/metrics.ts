/**
 * Field numbers of the count records. They are stored: a number is never given another meaning.
 *
 * A bot's rollup (15 minutes, day or month) has a stride of fields of its own in the record of its
 * chunk of bots: counters first, then one histogram after the other. Totals over all bots have the
 * counters alone.
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
  // Users, in totals of a day, week or month.
  activeUsers: 40,
  newUsers: 41,
  /** Active in this period and in the one before. */
  retainedUsers: 42,
} as const;

/** First fields of the histograms: end to end, waiting for a worker, being worked on. */
export const Histogram = { turn: 256, wait: 768, processing: 1280 } as const;

/** Counters are below this; histograms above. */
export const COUNTERS_END = 256;
/** Fields that one bot has in its chunk's record. */
export const STRIDE = 4096;
/** Bots that share a record: few enough that its worst case fits in one value. */
export const BOTS_A_CHUNK = 8;

/** Scores are counted in millionths, so that fractions add up exactly enough to round. */
export const SCORE_UNIT = 1_000_000;
