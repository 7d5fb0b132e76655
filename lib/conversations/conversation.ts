/** Stored status of a conversation. A cancelled one is shown as failed, but is nobody's failure. */
export type StoredStatus = "pending" | "completed" | "failed" | "cancelled";
/** As people see it; `processing` is known to the worker alone. */
export type ConversationStatus = "pending" | "processing" | "completed" | "failed";

export interface Message {
  role: "user" | "assistant";
  content: string;
  /** ISO 8601 UTC. */
  at: string;
  /** Stored only: the message goes on from the one before, which was too long for one record. */
  continued?: boolean;
}

/** One conversation, without its texts. Instants are milliseconds UTC. */
export interface ConversationRecord {
  botId: string;
  userId: string;
  /** When its first user message came; the period it belongs to in every report. */
  startedAt: number;
  /** When it was stored here; ages for clean-ups count from this. */
  storedAt: number;
  /** Status of its latest turn. */
  status: StoredStatus;
  /** Turns asked live so far. */
  turns: number;
  /** Turns not ended yet, in their order; the first is being answered, the others are held. */
  open: { turn: number; taskId: string }[];
  /** Task, priority and time of the latest turn. */
  taskId?: string;
  priority?: number;
  queuedAt?: number;
  completedAt?: number;
  /** Messages of both roles so far. */
  messages: number;
  /** An answer said that it does not know: the bot has not coped alone. */
  troubled?: boolean;
  /** The latest one did. */
  unanswered?: boolean;
  /** 1–5. */
  satisfaction?: number;
  /** What the user said to the score. */
  comment?: string;
  /** When the user was first handed over to a person, and when the conversation was closed. */
  handoffAt?: number;
  closedAt?: number;
  /** What was said to the handover. */
  handoffReason?: string;
  /** How often it was opened again after it was closed, and when last. */
  reopened?: number;
  reopenedAt?: number;
  /** What somebody said of it; absent = normal. */
  importance?: "low" | "high";
  /** Came by import: counted in reports, not among the live ones. */
  imported?: boolean;
  /** Record that holds messages which came by import, before any live turn, with those of others. */
  importedBlock?: string;
  /** Parts of such messages where they are too long to share a record. */
  importedChunks?: number;
  /** Its texts have been packed into this many archive chunks. */
  archivedChunks?: number;
}

/** How much a conversation matters to those who keep it. */
export type Importance = "low" | "normal" | "high";

/** The record of a closed conversation, open again; of an open one the same. */
export function reopen(record: ConversationRecord, at: number): ConversationRecord {
  const { closedAt, ...rest } = record;
  if (closedAt === undefined) return record;
  return { ...rest, reopened: (record.reopened ?? 0) + 1, reopenedAt: at };
}

/** How a conversation has gone for its user, beside its status. */
export interface Course {
  troubled: boolean;
  unanswered: boolean;
  handedOver: boolean;
}

/** The course of a conversation; nothing has gone wrong in one that is not there yet. */
export const courseOf = (record: ConversationRecord | null): Course => ({
  troubled: record?.troubled ?? false,
  unanswered: record?.unanswered ?? false,
  handedOver: record?.handoffAt !== undefined,
});

/** What became of the delivery of a turn's outcome to its sender. */
export interface CallbackRecord {
  status: "delivered" | "failed" | "cancelled";
  at: number;
  attempts: number;
  /** Of the receiver's last answer. */
  statusCode?: number;
  error?: string;
}

/** Stands where a text was. */
export const ERASED = "[erased]";

/** What a user asked. */
export interface TurnRecord {
  taskId: string;
  /** Empty where it is packed; see `askedOf`. */
  message: string;
  at: number;
  priority: number;
  metadata?: Record<string, unknown>;
  /** Message and metadata, where both together might not fit a value. */
  packed?: Uint8Array;
  callbackUrl?: string;
  callback?: CallbackRecord;
  batchId?: string;
  /** How it ended before it was tried again by hand, oldest first. */
  earlier?: TurnEnd[];
  /** Its texts were removed on request. */
  erased?: boolean;
}

/** The wire's `result` of a turn. */
export interface TurnResult {
  conversation_id: string;
  response: string;
  bot_id: string;
  processed_at: string;
  metadata: Record<string, unknown>;
  source: "knowledge" | "intent" | "llm" | "none";
  intent: string | null;
  score: number;
  cached: boolean;
  latency_ms: number;
  model?: string;
  tokens?: { prompt: number; completion: number; total: number; estimated: boolean };
  cost_micros?: number;
  [extra: string]: unknown;
}

export interface TurnError {
  code: string;
  message: string;
}

/** When and after how much work a turn ended. */
export interface TurnEnd {
  at: number;
  outcome: "completed" | "failed" | "cancelled";
  /** When its last attempt began; null when none did. */
  processingAt: number | null;
  attempts: number;
  /** What it cost, in millionths of the price table's currency. */
  costMicros?: number;
}

/** How a turn ended. */
export interface AnswerRecord {
  status: "completed" | "failed";
  at: number;
  end?: TurnEnd;
  result?: TurnResult;
  error?: TurnError;
}

/** Turns of one conversation that may wait at the same time. */
export const MAX_OPEN_TURNS = 100;
