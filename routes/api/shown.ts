import type { Principal } from "../../lib/auth/principal.ts";
import type { TurnResult } from "../../lib/conversations/conversation.ts";
import type {
  ConversationSummary,
  ConversationView,
} from "../../lib/conversations/conversations.ts";
import type { TranscriptMessage } from "../../lib/conversations/transcript.ts";
import type { JobView } from "../../lib/jobs/job_reader.ts";
import type { WaitingReason } from "../../lib/jobs/waiting.ts";
import type { TaskStatus } from "../../lib/wire/schemas/tasks.ts";
import type { ConversationRow } from "../../lib/wire/conversations.ts";
import type {
  Conversation,
  TurnResult as ShownResult,
} from "../../lib/wire/schemas/conversations.ts";
import { HIDDEN, priorityWord } from "../../lib/wire/schemas/text.ts";
import type { EnginePort } from "../deps.ts";

/** An instant on the wire. */
export const instant = (at: number): string => new Date(at).toISOString();

/** A task's status on the wire; *available* is the engine's word. */
export function statusWord(state: JobView["state"]): TaskStatus["status"] {
  return state === "available" ? "queued" : state;
}

/** The engine's word for a task's status. */
export function stateOf<S extends TaskStatus["status"]>(
  status: S,
): Exclude<S, "queued"> | "available" {
  return status === "queued" ? "available" : status as Exclude<S, "queued">;
}

/** What the kinds of tasks that call somebody's address begin with; people read the rest. */
const HTTP = "http:";

/** A task's name for people. */
export const taskName = (kind: string): string =>
  kind.startsWith(HTTP) ? kind.slice(HTTP.length) : kind;

/** The kind of job that people mean by a task's name. */
export const kindOf = (engine: Pick<EnginePort, "performs">, name: string): string =>
  engine.performs(name) ? name : HTTP + name;

/** What a task was given, by name, for those who may read it. */
export function shownPayload(
  payload: unknown,
  { content }: Principal,
): Record<string, unknown> | typeof HIDDEN {
  if (!content) return HIDDEN;
  const named = typeof payload === "object" && payload !== null && !Array.isArray(payload);
  return named ? payload as Record<string, unknown> : { payload };
}

/** A task as people see it, with its arguments and result only for those who may read them. */
export function shownTask(
  job: JobView,
  principal: Principal,
  waiting: WaitingReason[] = [],
): TaskStatus {
  const lastError = job.errors?.at(-1);
  return {
    task_id: job.id,
    name: taskName(job.kind),
    status: statusWord(job.state),
    queue: job.queue,
    priority: priorityWord(job.priority),
    // The engine counts attempts that ended in an error; people count those that were begun.
    attempt: job.state === "running" || job.state === "completed" ? job.attempt + 1 : job.attempt,
    max_attempts: job.maxAttempts,
    progress: job.state === "completed" ? 100 : job.progress?.percent ?? 0,
    ...(job.progress?.message ? { progress_message: job.progress.message } : {}),
    ...(job.result === undefined ? {} : { result: principal.content ? job.result : HIDDEN }),
    ...(job.state === "cancelled"
      ? { error: { code: "cancelled", message: job.reason ?? "cancelled" } }
      : lastError && job.state !== "completed"
      ? { error: { code: lastError.code, message: lastError.message } }
      : {}),
    queued_at: instant(job.queuedAt),
    ...(job.runAt ? { run_at: instant(job.runAt) } : {}), // 0: at once
    ...(job.startedAt === undefined ? {} : { started_at: instant(job.startedAt) }),
    ...(job.finishedAt === undefined ? {} : { finished_at: instant(job.finishedAt) }),
    kwargs: shownPayload(job.payload, principal),
    waiting_because: waiting,
  };
}

/** What a result says beside texts: nothing that anybody wrote. */
const FIGURES = [
  "conversation_id",
  "bot_id",
  "processed_at",
  "source",
  "intent",
  "score",
  "cached",
  "similarity",
  "fallback",
  "bot_version",
  "model",
  "tokens",
  "cost_micros",
  "latency_ms",
];

/** A turn's result with its text only for those who may read it. */
export function shownResult(result: TurnResult, { content }: Principal): ShownResult {
  if (content) return result;
  const shown: Record<string, unknown> = { response: HIDDEN, metadata: HIDDEN };
  for (const name of FIGURES) if (result[name] !== undefined) shown[name] = result[name];
  return shown as ShownResult;
}

/** A conversation with its texts only for those who may read them. */
export function shownConversation(
  found: ConversationView,
  principal: Principal,
): Conversation {
  const { queuedAt = 0, completedAt = 0, startedAt, satisfaction } = found;
  const text = (words: string) => principal.content ? words : HIDDEN;
  const lastMessageAt = Date.parse(found.messages.at(-1)?.at ?? "") || 0;
  return {
    conversation_id: found.conversationId,
    user_id: found.userId,
    bot_id: found.botId,
    status: found.status,
    started_at: instant(startedAt),
    updated_at: instant(Math.max(startedAt, queuedAt, completedAt, lastMessageAt)),
    ...(satisfaction === undefined ? {} : { satisfaction_score: satisfaction }),
    ...(found.comment === undefined ? {} : { comment: text(found.comment) }),
    ...(found.importance === undefined ? {} : { importance: found.importance }),
    ...(found.handoffAt === undefined ? {} : { handoff_at: instant(found.handoffAt) }),
    ...(found.handoffReason === undefined ? {} : { handoff_reason: text(found.handoffReason) }),
    ...(found.closedAt === undefined ? {} : { closed_at: instant(found.closedAt) }),
    ...(found.reopened === undefined ? {} : { reopened: found.reopened }),
    ...(found.reopenedAt === undefined ? {} : { reopened_at: instant(found.reopenedAt) }),
    messages: found.messages.map((message) => shownMessage(message, principal)),
  };
}

/** A conversation in a list: nothing that anybody wrote. */
export function shownRow(row: ConversationSummary): ConversationRow {
  const { taskId, satisfaction } = row;
  return {
    conversation_id: row.conversationId,
    user_id: row.userId,
    bot_id: row.botId,
    status: row.status,
    started_at: instant(row.startedAt),
    stored_at: instant(row.storedAt),
    turns: row.turns,
    ...(taskId === undefined ? {} : { task_id: taskId }),
    ...(satisfaction === undefined ? {} : { satisfaction_score: satisfaction }),
    ...(row.importance === undefined ? {} : { importance: row.importance }),
    ...(row.closedAt === undefined ? {} : { closed_at: instant(row.closedAt) }),
    imported: row.imported,
  };
}

function shownMessage(
  message: TranscriptMessage,
  { content }: Principal,
): Conversation["messages"][number] {
  const { taskId, latencyMs, costMicros, callback, ...rest } = message;
  return {
    ...rest,
    content: content ? message.content : HIDDEN,
    ...(taskId === undefined ? {} : { task_id: taskId }),
    ...(latencyMs === undefined ? {} : { latency_ms: latencyMs }),
    ...(costMicros === undefined ? {} : { cost_micros: costMicros }),
    ...(callback ? { callback: shownCallback(callback) } : {}),
  };
}

function shownCallback({ statusCode, at, ...rest }: NonNullable<TranscriptMessage["callback"]>) {
  return {
    ...rest,
    at: instant(at),
    ...(statusCode === undefined ? {} : { status_code: statusCode }),
  };
}
