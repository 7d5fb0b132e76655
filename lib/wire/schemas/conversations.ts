import { z } from "@hono/zod-openapi";
import { success } from "./envelope.ts";
import { TaskError } from "./tasks.ts";
import {
  Count,
  HIDDEN,
  Id,
  Instant,
  pageSize,
  Percent,
  PriorityWord,
  WebAddress,
  words,
} from "./text.ts";

const hidden = z.literal(HIDDEN);
const MAX_METADATA_CHARACTERS = 8_192;

const turn = {
  conversation_id: Id,
  user_message: words(1, 16_000),
  bot_id: Id,
  user_id: Id.nullish().openapi({ description: "absent: the token's subject" }),
  metadata: z.record(z.string(), z.unknown()).refine(
    (value) => JSON.stringify(value).length <= MAX_METADATA_CHARACTERS,
    { error: `must have at most ${MAX_METADATA_CHARACTERS} characters as JSON` },
  ).nullish(),
  callback_url: WebAddress.nullish(),
};

export const UrgentTurn = z.object(turn).openapi("UrgentTurn", {
  example: { conversation_id: "c-2", user_message: "When do you open?", bot_id: "shop" },
});
export const NewTurn = z.object({ ...turn, priority: PriorityWord.nullish() }).openapi("NewTurn", {
  example: {
    conversation_id: "c-1",
    user_message: "When do you open?",
    bot_id: "shop",
    user_id: "u-1",
    priority: "normal",
  },
});
export type NewTurn = z.infer<typeof NewTurn>;

export const QueueQuery = z.object({ priority: PriorityWord.optional() });

const Tokens = z.object({
  prompt: Count,
  completion: Count,
  total: Count,
  estimated: z.boolean(),
});

export const TurnResult = z.object({
  conversation_id: z.string(),
  response: z.string(),
  bot_id: z.string(),
  processed_at: Instant,
  metadata: z.union([z.record(z.string(), z.unknown()), hidden]),
  source: z.enum(["knowledge", "intent", "llm", "none"]),
  intent: z.string().nullable(),
  score: z.number().openapi({ minimum: 0, maximum: 1 }),
  cached: z.boolean(),
  similarity: z.number().optional().openapi({
    minimum: 0,
    maximum: 1,
    description: "how near the earlier question is whose reply this is (AI_SIMILAR_THRESHOLD)",
  }),
  model: z.string().optional(),
  fallback: z.enum(["budget", "provider"]).optional().openapi({
    description: "why it was not the configured model: the bot's budget, or the provider failed",
  }),
  bot_version: Count.optional().openapi({
    description: "the bot's version that answered, while the newest is still being trained",
  }),
  matched: z.object({ entry: z.string().optional(), question: z.string().optional() }).optional()
    .openapi({ description: "what of the bot's fits best: `knowledge:<index>`, `intent:<name>`" }),
  language: z.string().optional().openapi({ description: "a guess; `und` = none" }),
  sentiment: z.number().optional().openapi({ description: "a guess, from −1 to 1; English only" }),
  tokens: Tokens.optional(),
  cost_micros: Count.optional().openapi({ description: "millionths of AI_PRICES' currency" }),
  latency_ms: z.number(),
}).openapi("TurnResult");
export type TurnResult = z.infer<typeof TurnResult>;

export const TurnQueued = success({
  task_id: z.string(),
  conversation_id: z.string(),
  priority: PriorityWord,
  result: TurnResult.optional().openapi({ description: "when it was waited for and finished" }),
  error: TaskError.optional(),
});

export const NewBatch = z.object({
  batch_id: Id.nullish(),
  conversations: z.array(NewTurn).min(1).max(1_000),
}).openapi("NewBatch", {
  example: {
    batch_id: "b-1",
    conversations: [
      { conversation_id: "c-3", user_message: "When do you open?", bot_id: "shop" },
      { conversation_id: "c-4", user_message: "Where are you?", bot_id: "shop" },
    ],
  },
});
export const BatchQueued = success({
  batch_result: z.object({
    batch_id: z.string(),
    queued_conversations: Count,
    task_ids: z.array(z.string()),
  }),
});

export const ConversationState = z.enum(["pending", "processing", "completed", "failed"]);
/** Longest wait for a turn's end, in seconds. */
export const MAX_WAIT_SECONDS = 25;

export const WaitQuery = z.object({
  wait: z.string().regex(/^\d{1,2}$/, "must be a whole number from 0 to 25").transform(Number)
    .refine((n) => n <= MAX_WAIT_SECONDS, "must be a whole number from 0 to 25").optional()
    .openapi({ type: "integer", minimum: 0, maximum: MAX_WAIT_SECONDS, pattern: undefined }),
});

export const ConversationStatus = success({
  conversation_status: z.object({
    conversation_id: z.string(),
    task_id: z.string().optional().openapi({ description: "Absent on an imported conversation." }),
    status: ConversationState,
    priority: PriorityWord,
    queued_at: Instant,
    completed_at: Instant.optional(),
    result: TurnResult.optional(),
    error: TaskError.optional(),
  }),
});

export const BatchStatus = success({
  batch_status: z.object({
    batch_id: z.string(),
    status: z.enum(["processing", "completed", "completed_with_errors", "failed"]),
    total_conversations: Count,
    completed: Count,
    failed: Count,
    pending: Count,
    progress_percent: Percent,
    created_at: Instant,
  }),
});

export const ConversationMetrics = z.object({
  total_conversations: Count,
  status_breakdown: z.object({
    pending: Count,
    processing: Count,
    completed: Count,
    failed: Count,
  }),
  success_rate: Percent.nullable(),
  timestamp: Instant,
}).openapi("ConversationMetrics");
export const MetricsAnswer = success({ metrics: ConversationMetrics });

export const Message = z.object({
  role: z.enum(["user", "assistant"]),
  content: z.string(),
  at: Instant,
  task_id: z.string().optional(),
  source: z.string().optional(),
  score: z.number().optional(),
  cached: z.boolean().optional(),
  latency_ms: z.number().optional(),
  model: z.string().optional(),
  tokens: Tokens.optional(),
  cost_micros: Count.optional().openapi({ description: "in millionths of the price table's unit" }),
  error: TaskError.optional(),
  callback: z.object({
    status: z.enum(["delivered", "failed", "cancelled"]),
    at: Instant,
    attempts: Count,
    status_code: Count.optional(),
    error: z.string().optional(),
  }).optional().openapi({ description: "what became of the delivery to callback_url" }),
});

const Importance = z.enum(["low", "normal", "high"]);

export const Conversation = z.object({
  conversation_id: z.string(),
  user_id: z.string(),
  bot_id: z.string(),
  status: ConversationState,
  started_at: Instant,
  updated_at: Instant,
  satisfaction_score: z.number().optional(),
  comment: z.string().optional().openapi({ description: "the latest that came with feedback" }),
  importance: Importance.optional().openapi({ description: "where somebody has said it" }),
  handoff_at: Instant.optional(),
  handoff_reason: z.string().optional(),
  closed_at: Instant.optional(),
  reopened: Count.optional().openapi({ description: "how often, after it was closed" }),
  reopened_at: Instant.optional(),
  messages: z.array(Message),
}).openapi("Conversation");
export type Conversation = z.infer<typeof Conversation>;
export const ConversationAnswer = success({ conversation: Conversation });

const LIST_CURSOR = /^\d{1,15}~/;
export const ConversationsQuery = z.object({
  limit: pageSize(200, 50),
  cursor: z.string().max(300).regex(LIST_CURSOR, "must be the next_cursor of an earlier page")
    .optional(),
  importance: z.literal("high").optional().openapi({ description: "absent: all of them" }),
});
export const ConversationRow = z.object({
  conversation_id: z.string(),
  user_id: z.string(),
  bot_id: z.string(),
  status: ConversationState,
  started_at: Instant,
  stored_at: Instant,
  turns: Count,
  task_id: z.string().optional(),
  satisfaction_score: z.number().optional(),
  importance: Importance.optional().openapi({ description: "where somebody has said it" }),
  closed_at: Instant.optional(),
  imported: z.boolean(),
}).openapi("ConversationRow");
export const ConversationList = success({
  conversations: z.array(ConversationRow),
  next_cursor: z.string().optional(),
});

export const NewFeedback = z.object({
  satisfaction_score: z.number().min(1).max(5),
  comment: words(0, 4_000).nullish().openapi({
    description: "absent: an earlier one stays; empty: it is removed",
  }),
}).openapi("NewFeedback", { example: { satisfaction_score: 5, comment: "Quick and clear" } });
export const FeedbackTaken = success({
  conversation_id: z.string(),
  satisfaction_score: z.number(),
});

export const NewHandoff = z.object({ reason: words(0, 1_000).nullish() }).openapi("NewHandoff", {
  example: { reason: "wants to speak to somebody" },
});
export const HandoffTaken = success({
  conversation_id: z.string(),
  handoff_at: Instant.openapi({ description: "of the first time, which alone counts" }),
});
export const ConversationClosed = success({ conversation_id: z.string(), closed_at: Instant });
export const ConversationReopened = success({
  conversation_id: z.string(),
  reopened: z.boolean(),
  reopened_at: Instant.optional().openapi({ description: "when it was opened again last" }),
});
export const NewImportance = z.object({ importance: Importance }).openapi("NewImportance", {
  example: { importance: "high" },
});
export const ImportanceTaken = success({ conversation_id: z.string(), importance: Importance });

export const ImportAnswer = success({
  imported: Count,
  skipped: Count,
  rejected: z.array(z.object({ line: Count, message: z.string() })),
  rejected_count: Count,
});
