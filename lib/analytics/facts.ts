/** What the recorder is told. Instants and durations are milliseconds. */

/** Status of a conversation as stored; a cancelled one is shown as failed and counted apart. */
export type CountedStatus = "pending" | "completed" | "failed" | "cancelled";

/** How a conversation has gone for its user, beside its status. */
export interface Course {
  /** An answer said that it does not know. */
  troubled: boolean;
  /** The latest one did. */
  unanswered: boolean;
  /** The user was handed over to a person. */
  handedOver: boolean;
}

/** Nothing went wrong so far. */
export const CALM: Course = { troubled: false, unanswered: false, handedOver: false };

/** Fields that name the conversation. `startedAt` is when its first user message was sent. */
export interface ConversationFact {
  conversationId: string;
  botId: string;
  userId: string;
  startedAt: number;
}

/** A user's message was accepted. `first`: it opened the conversation, then `from` is null. */
export interface SubmittedFact extends ConversationFact {
  at: number;
  first: boolean;
  from: CountedStatus | null;
  /** False for a conversation that was imported: it is not part of the live figures. */
  live: boolean;
  /** Messages that the conversation had before; absent leaves its length out of the distribution. */
  messagesBefore?: number;
  /** Absent: nothing went wrong so far. */
  course?: Course;
}

/** A turn ended. `messages` is 1 when a reply was added. */
export interface FinishedFact extends ConversationFact {
  turn: number;
  queuedAt: number;
  processingAt: number | null;
  at: number;
  outcome: "completed" | "failed" | "cancelled";
  from: CountedStatus;
  to: CountedStatus;
  messages: 0 | 1;
  /** As in SubmittedFact. */
  messagesBefore?: number;
  /** Before and with this turn; absent: nothing went wrong so far. */
  course?: Course;
  courseAfter?: Course;
  attempts: number;
  source?: "knowledge" | "intent" | "llm" | "none";
  intent?: string | null;
  score?: number;
  cached?: boolean;
  question?: string;
  /** Time the responder took. */
  latencyMs?: number;
  model?: string;
  tokens?: { prompt: number; completion: number; total: number; estimated: boolean };
  /** Millionths of the price table's currency. */
  costMicros?: number;
  /** As in SubmittedFact; absent means true. */
  live?: boolean;
}

/** A user was handed over to a person for the first time in a conversation. */
export interface HandedOverFact extends ConversationFact {
  status: CountedStatus;
  live: boolean;
  /** Before. */
  course: Course;
}

/** A satisfaction score of 1–5 was given; `before` is the one it replaces. */
export interface ScoredFact extends ConversationFact {
  score: number;
  before: number | null;
  at: number;
}

/** A finished conversation from elsewhere. */
export interface ImportedFact extends ConversationFact {
  botName?: string;
  endedAt: number;
  status: "completed" | "failed";
  satisfaction: number | null;
  /** Messages of both roles. */
  messages: number;
  userMessages: number;
}

/** Facts that are packed or deleted; `gone`: with the conversation itself. */
export interface ForgottenFact {
  startedAt: number;
  turnEnds: readonly number[];
  gone: boolean;
}
