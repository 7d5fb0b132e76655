import type { Problem } from "../lib/wire/envelope.ts";
import type { Bot } from "../lib/wire/bots.ts";
import type { Unanswered } from "../lib/wire/analytics.ts";
import type { DashboardActions, DashboardData } from "./dashboard_data.ts";

/** Sends a request to our own API in this process, as the visitor who asked for the page. */
export type AskApi = (path: string, init?: RequestInit) => Promise<Response>;

/** The API refused or failed; `problem` says why, for people. */
export class ApiRefusal extends Error {
  override readonly name = "ApiRefusal";
  constructor(readonly status: number, readonly problem: Partial<Problem>) {
    super(problem.detail ?? problem.title ?? `The API answered ${status}`);
  }
}

const TRY_SECONDS = 20;

/** What is refused with the status `none` is null; whatever else was refused still is. */
async function orNone<T>(part: Promise<T>, none = 404): Promise<T | null> {
  try {
    return await part;
  } catch (thrown) {
    if (thrown instanceof ApiRefusal && thrown.status === none) return null;
    throw thrown;
  }
}

/**
 * Pages and plain forms over the API itself, so that roles, hidden content, limits and the audit
 * log are decided in one place, whether a request comes from a script or from a page.
 */
export function apiData(ask: AskApi): DashboardData & DashboardActions {
  async function call<T>(path: string, init?: RequestInit): Promise<T> {
    const response = await ask(`/api/performance${path}`, init);
    const body = await response.json().catch(() => ({}));
    if (!response.ok) throw new ApiRefusal(response.status, body);
    return body as T;
  }
  const send = <T>(method: string, path: string, body?: unknown) =>
    call<T>(path, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
  const field = async <T>(name: string, path: string): Promise<T> =>
    (await call<Record<string, T>>(path))[name]!;
  const query = (values: object): string => {
    const entries = Object.entries(values).filter(([, value]) => value !== undefined);
    return entries.length === 0 ? "" : `?${new URLSearchParams(entries)}`;
  };
  const taskPath = (taskId: string) => `/tasks/${encodeURIComponent(taskId)}`;

  const botPath = (botId: string) => `/bots/${encodeURIComponent(botId)}`;
  const keyPath = (key: string) => `/cache/key/${encodeURIComponent(key)}`;
  const schedulePath = (name: string) => `/schedules/${encodeURIComponent(name)}`;
  const pausePath = (queue: string) => `/queues/${encodeURIComponent(queue)}/pause`;

  return {
    summary: () => field("performance_summary", "/performance/summary"),
    health: () => field("health_report", "/health"),
    cacheStats: () => field("cache_stats", "/cache/stats"),
    activeTasks: (limit) => call(`/tasks/active${query({ limit })}`),
    queues: () => field("queues", "/queues"),
    history: (asked) => field("history", `/performance/history${query(asked)}`),
    tasks: (asked) => call(`/tasks${query(asked)}`),
    task: (taskId) => orNone(field("task_status", taskPath(taskId))),
    daily: (date) => field("analytics", `/analytics/daily${query({ date })}`),
    weekly: (date) => field("analytics", `/analytics/weekly${query({ date })}`),
    monthly: (date) => field("analytics", `/analytics/monthly${query({ date })}`),

    conversations: (asked) => call(`/conversations${query(asked)}`),
    conversation: (id) => orNone(field("conversation", `/conversations/${encodeURIComponent(id)}`)),
    bots: (asked) => call(`/bots${query(asked)}`),
    bot: (botId) => orNone(field("bot", botPath(botId))),
    cacheEntry: (key) => orNone(call(keyPath(key))),
    cacheKeys: (asked) => call(`/cache/keys${query(asked)}`),
    schedules: () => field("schedules", "/schedules"),
    ledger: (name, limit) =>
      orNone(field("ticks", `${schedulePath(name)}/ledger${query({ limit })}`)),
    alerts: () => orNone(field("alerts", "/alerts")),
    async unanswered(botIds, limit) {
      const lists = await Promise.all(botIds.map(async (bot_id) => {
        const path = `/analytics/unanswered${query({ bot_id, limit })}`;
        const asked = await orNone(field<Omit<Unanswered, "bot_id">[]>("questions", path));
        return (asked ?? []).map(({ question, count }) => ({ question, count, bot_id }));
      }));
      return lists.flat().sort((a, b) => b.count - a.count).slice(0, limit);
    },
    range: (span, granularity, metrics) =>
      field("analytics", `/analytics/range${query({ ...span, granularity, metrics })}`),
    compare: (span, metrics) =>
      field("analytics", `/analytics/compare${query({ ...span, unit: "days", metrics })}`),
    anomalies: (span) => field("analytics", `/analytics/anomalies${query(span)}`),
    busiest: (span) => field("analytics", `/analytics/busiest${query(span)}`),
    retention: (asked) => field("analytics", `/analytics/retention${query(asked)}`),
    kept: () => call("/maintenance/retention"),
    tokens: () => orNone(field("tokens", "/tokens"), 403),
    sessions: () => orNone(field("sessions", "/sessions"), 403),
    audit: (limit) => orNone(field("entries", `/audit${query({ limit })}`), 403),

    async cancelTask(taskId) {
      await send("DELETE", taskPath(taskId));
    },
    retryTask: async (taskId) =>
      (await send<{ task_id: string }>("POST", `${taskPath(taskId)}/retry`)).task_id,
    async hastenTask(taskId) {
      await send("POST", `${taskPath(taskId)}/hasten`);
    },
    async pauseQueue(queue) {
      await send("PUT", pausePath(queue));
    },
    async resumeQueue(queue) {
      await send("DELETE", pausePath(queue));
    },
    async limitQueue(queue, limits) {
      await send("PUT", `/queues/${encodeURIComponent(queue)}/limits`, limits);
    },
    deleteCacheKey: async (key) =>
      (await send<{ deleted: boolean }>("DELETE", keyPath(key))).deleted,
    saveBot: async (botId, bot) => (await send<{ bot: Bot }>("PUT", botPath(botId), bot)).bot,
    tryBot: (botId, message, conversationId) =>
      call("/conversations/queue", {
        method: "POST",
        body: JSON.stringify({
          conversation_id: conversationId,
          bot_id: botId,
          user_message: message,
        }),
        headers: { "content-type": "application/json", prefer: `wait=${TRY_SECONDS}` },
      }),
    runSchedule: async (name) =>
      (await send<{ task_id: string }>("POST", `${schedulePath(name)}/run`)).task_id,
    async pauseSchedule(name) {
      await send("PUT", `${schedulePath(name)}/pause`);
    },
    async resumeSchedule(name) {
      await send("DELETE", `${schedulePath(name)}/pause`);
    },
    makeToken: (token) => send("POST", "/tokens", token),
    rotateToken: (tokenId) => send("POST", `/tokens/${encodeURIComponent(tokenId)}/rotate`),
    async revokeToken(tokenId) {
      await send("DELETE", `/tokens/${encodeURIComponent(tokenId)}`);
    },
    async endSession(sessionId) {
      await send("DELETE", `/sessions/${encodeURIComponent(sessionId)}`);
    },
    async acknowledgeAlert(name) {
      await send("POST", `/alerts/${encodeURIComponent(name)}/acknowledge`);
    },
    clearCache: (pattern, dryRun) =>
      send("POST", "/cache/clear", {
        ...(pattern ? { pattern } : {}),
        ...(dryRun ? { dry_run: true } : {}),
      }),
    cleanUp: (type) => send("POST", "/maintenance/cleanup", { cleanup_type: type }),
  };
}
