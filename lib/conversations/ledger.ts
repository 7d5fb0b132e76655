import type { WriteSet } from "../kv/write_set.ts";
import type { Course, StoredStatus } from "./conversation.ts";

/** What every entry of the ledger says of its conversation. */
interface Entry {
  conversationId: string;
  botId: string;
  userId: string;
  /** The conversation's first user message, milliseconds UTC: the period it counts in. */
  startedAt: number;
}

export interface SubmittedEntry extends Entry {
  at: number;
  /** It opened the conversation. */
  first: boolean;
  /** The conversation's status before; null when it is new. */
  from: StoredStatus | null;
  /** Counts among the live conversations; imported ones do not. */
  live: boolean;
  /** Messages that the conversation had before. */
  messagesBefore: number;
  course: Course;
}

export interface FinishedEntry extends Entry {
  turn: number;
  queuedAt: number;
  processingAt: number | null;
  at: number;
  outcome: "completed" | "failed" | "cancelled";
  from: StoredStatus;
  to: StoredStatus;
  live: boolean;
  /** Replies added: 1 or 0. */
  messages: 0 | 1;
  messagesBefore: number;
  /** Before and with this turn. */
  course: Course;
  courseAfter: Course;
  attempts: number;
  question: string;
  source?: "knowledge" | "intent" | "llm" | "none";
  intent?: string | null;
  score?: number;
  cached?: boolean;
  latencyMs?: number;
  model?: string;
  tokens?: { prompt: number; completion: number; total: number; estimated: boolean };
  costMicros?: number;
}

export interface RevivedEntry extends Entry {
  at: number;
  from: StoredStatus;
  live: boolean;
  course: Course;
}

export interface HandedOverEntry extends Entry {
  status: StoredStatus;
  live: boolean;
  /** Before. */
  course: Course;
}

export interface ScoredEntry extends Entry {
  score: number;
  before: number | null;
  at: number;
}

export interface ImportedEntry extends Entry {
  botName?: string;
  endedAt: number;
  status: "completed" | "failed";
  satisfaction: number | null;
  messages: number;
  userMessages: number;
}

/** What is being packed or deleted of a conversation, so that nobody counts it again from facts. */
export interface ForgottenEntry {
  startedAt: number;
  /** Ends of the turns of which figures are dropped. */
  turnEnds: number[];
  /** The conversation itself goes too. */
  gone: boolean;
}

/**
 * Where conversations report what the numbers are made of, in the very atomic that changes them.
 * Checks that an entry needs are added too; when the commit fails, the caller builds it anew.
 */
export interface ConversationLedger {
  submitted(tx: WriteSet, entry: SubmittedEntry): Promise<void>;
  finished(tx: WriteSet, entry: FinishedEntry): Promise<void>;
  /** A failed turn is tried again: the conversation is pending once more. */
  revived(tx: WriteSet, entry: RevivedEntry): Promise<void>;
  /** A user was handed over to a person for the first time in this conversation. */
  handedOver(tx: WriteSet, entry: HandedOverEntry): Promise<void>;
  scored(tx: WriteSet, entry: ScoredEntry): Promise<void>;
  imported(tx: WriteSet, entries: ImportedEntry[]): Promise<void>;
  /** Facts are dropped; the numbers made of them stay. */
  forgotten(tx: WriteSet, entry: ForgottenEntry): void;
  /** Ids of users were replaced by these everywhere, by commits that did not tell. */
  replaced(tx: WriteSet, userIds: readonly string[]): Promise<void>;
}
