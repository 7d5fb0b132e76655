import { sleep } from "../clock.ts";
import { messageOf } from "../errors.ts";
import { type ApiClient, ApiProblem, Unreachable } from "./api_client.ts";

/** One user's message on its way to a bot. */
export interface Question {
  conversationId: string;
  botId: string;
  userId: string;
  message: string;
  /** Sent as Idempotency-Key: asked again with the same key, the question counts once. */
  key: string;
}

/** How a question ended. */
export type Answer =
  | { outcome: "answered"; source: string; response: string; processedAt: number }
  /** `away`: the service could not be reached for as long as the asker was patient. */
  | { outcome: "failed"; reason: string; away?: boolean };

/** How patient the asker is. */
export interface AskOptions {
  signal: AbortSignal;
  /** How long an outage of the service may last before the question counts as failed. */
  patienceMs: number;
}

interface TurnResult {
  response: string;
  source: string;
  processed_at: string;
}

interface Queued {
  task_id: string;
  result?: TurnResult;
}

interface TurnStatus {
  task_id: string;
  status: string;
  result?: TurnResult;
  error?: { code?: string; message?: string };
}

const WAIT_SECONDS = 25;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 3_000;

/**
 * Queues a question and waits for its answer. While the service is away or overloaded the same
 * request is made again under the same key, so a restart in between costs time and nothing else.
 */
export async function ask(
  api: ApiClient,
  question: Question,
  options: AskOptions,
): Promise<Answer> {
  try {
    const queued = await patiently(
      options,
      () =>
        api.request<Queued>("POST", "/conversations/queue", {
          headers: { "idempotency-key": question.key, prefer: `wait=${WAIT_SECONDS}` },
          body: {
            conversation_id: question.conversationId,
            bot_id: question.botId,
            user_id: question.userId,
            user_message: question.message,
          },
          signal: options.signal,
        }),
    );
    if (queued.result) return answered(queued.result);
    return await awaitAnswer(api, question.conversationId, queued.task_id, options);
  } catch (error) {
    if (options.signal.aborted || isRefusal(error)) throw error;
    const reason = messageOf(error, 300).split("\n")[0]!;
    return { outcome: "failed", reason, away: error instanceof Unreachable };
  }
}

/** Throws at once where there is no service to ask, or none that takes the token. */
export async function requireService(api: ApiClient, signal: AbortSignal): Promise<void> {
  await api.request("GET", "/conversations/metrics", { signal });
}

/** Whether the service has this conversation as imported history, which no task answered. */
export async function isHistory(
  api: ApiClient,
  conversationId: string,
  options: AskOptions,
): Promise<boolean> {
  const path = `/conversations/${encodeURIComponent(conversationId)}/status`;
  try {
    const { conversation_status: turn } = await patiently(
      options,
      () =>
        api.request<{ conversation_status: Partial<TurnStatus> }>("GET", path, {
          signal: options.signal,
        }),
    );
    return turn.task_id === undefined;
  } catch (error) {
    // Not there; or the service is not, which the question itself will find and say.
    if (options.signal.aborted || isRefusal(error)) throw error;
    return false;
  }
}

async function awaitAnswer(
  api: ApiClient,
  conversationId: string,
  taskId: string,
  options: AskOptions,
): Promise<Answer> {
  const path = `/conversations/${encodeURIComponent(conversationId)}/status`;
  for (;;) {
    const { conversation_status: turn } = await patiently(
      options,
      () =>
        api.request<{ conversation_status: TurnStatus }>("GET", path, {
          query: { wait: WAIT_SECONDS },
          signal: options.signal,
        }),
    );
    // The conversation has moved on: this turn was asked in an earlier run.
    const status = turn.task_id === taskId ? turn : await taskStatus(api, taskId, options);
    if (status.result && status.status === "completed") return answered(status.result);
    if (["failed", "cancelled", "completed"].includes(status.status)) {
      const { code, message } = status.error ?? {};
      return { outcome: "failed", reason: message ?? code ?? `ended as ${status.status}` };
    }
  }
}

async function taskStatus(api: ApiClient, id: string, options: AskOptions): Promise<TurnStatus> {
  const { task_status } = await patiently(
    options,
    () =>
      api.request<{ task_status: TurnStatus }>("GET", `/tasks/${encodeURIComponent(id)}`, {
        signal: options.signal,
      }),
  );
  return task_status;
}

function answered(result: TurnResult): Answer {
  return {
    outcome: "answered",
    source: result.source,
    response: result.response,
    processedAt: Date.parse(result.processed_at),
  };
}

/** Repeats an attempt while the service cannot be reached or asks to be left alone for a while. */
async function patiently<T>(options: AskOptions, attempt: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const spentMs = performance.now() - startedAt;
      if (!isTransient(error) || spentMs + pauseMs > options.patienceMs) throw error;
      const askedMs = error instanceof ApiProblem ? (error.retryAfterSeconds ?? 0) * 1_000 : 0;
      await sleep(Math.max(askedMs, pauseMs), options.signal);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }
}

function isTransient(error: unknown): boolean {
  if (error instanceof Unreachable) return true;
  return error instanceof ApiProblem && (error.status === 429 || error.status >= 500);
}

/** The token is not good enough: no other question will fare better. */
function isRefusal(error: unknown): boolean {
  return error instanceof ApiProblem && (error.status === 401 || error.status === 403);
}
