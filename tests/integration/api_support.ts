import { ReplyStreams } from "../../lib/conversations/reply_streams.ts";
import { SignJWT } from "jose";
import { z } from "zod";
import { Figures } from "../../lib/analytics/figures/figures.ts";
import { UnansweredQuestions } from "../../lib/analytics/unanswered.ts";
import { UserMonths } from "../../lib/analytics/user_months.ts";
import { Authenticator } from "../../lib/auth/authenticator.ts";
import type { Role } from "../../lib/auth/principal.ts";
import { systemClock } from "../../lib/clock.ts";
import { loadConfig } from "../../lib/config/config.ts";
import { conflict, notFound } from "../../lib/errors.ts";
import { complete, defineJob } from "../../lib/jobs/definition.ts";
import { JobEngine } from "../../lib/jobs/engine.ts";
import { EventRing } from "../../lib/jobs/event_ring.ts";
import { countMatching } from "../../lib/jobs/matching.ts";
import { Scheduler } from "../../lib/jobs/scheduler.ts";
import { Database } from "../../lib/kv/database.ts";
import { commitOnce } from "../../lib/kv/idempotency.ts";
import { createLogger } from "../../lib/log.ts";
import { Alerts } from "../../lib/monitoring/alerts/alerts.ts";
import { alertRules } from "../../lib/monitoring/alerts/rules.ts";
import { Notifier } from "../../lib/notifications/notifier.ts";
import { HISTORY_METRICS } from "../../lib/wire/schemas/system.ts";
import { type App, createApp } from "../../routes/app.ts";
import { httpTasks } from "../../workers/http_task.ts";
import { taskUrlPolicy } from "../../workers/mod.ts";
import { requestedWork } from "../../workers/work.ts";
import type { TurnResult } from "../../lib/conversations/conversation.ts";
import type { NewTurn } from "../../lib/conversations/submit.ts";
import type { ApiDeps, BotView } from "../../routes/deps.ts";

export const ADMIN = "the-admin-token-of-these-tests";
export const JWT_SECRET = "a secret that the platform and these tests share";
const QUEUES = { default: 2, conversations: 4, analytics: 1, notifications: 1, maintenance: 1 };

/** Signs what tasks by URL send. */
export const SECRET = "whsec_" + btoa("a secret of these tests, 32 byte");

const ReplyPayload = z.object({
  conversationId: z.string(),
  botId: z.string(),
  userMessage: z.string(),
});

/** Answers by repeating; a message "wait" is answered when its task is cancelled or time is over. */
const reply = defineJob({
  kind: "reply",
  queue: "conversations",
  payload: ReplyPayload,
  maxAttempts: 1,
  async perform({ payload, signal }) {
    if (payload.userMessage === "fail") throw new Error("it was asked to fail");
    if (payload.userMessage === "wait") {
      await new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason))
      );
    }
    return complete({
      conversation_id: payload.conversationId,
      response: `You said: ${payload.userMessage}`,
      bot_id: payload.botId,
      processed_at: new Date().toISOString(),
      metadata: {},
      source: "knowledge",
      intent: null,
      score: 1,
      cached: false,
      latency_ms: 1,
      matched: { question: payload.userMessage },
    });
  },
});

const chore = defineJob({
  kind: "chore",
  queue: "maintenance",
  payload: z.object({ what: z.string() }),
  perform: () => complete(),
});

export interface TestApi {
  app: App;
  deps: ApiDeps;
  engine: JobEngine;
  url: string;
  /** Asks with a token; the admin's by default, none for null. */
  ask(path: string, options?: AskOptions): Promise<Answer>;
  token(role: Role, claims?: Record<string, unknown>): Promise<string>;
  logged: string[];
  /** How often something was asked of the doubles. */
  cleared: (string | undefined)[];
  stop: AbortController;
  /** What says whether more may be queued; everything may, until a test puts its own here. */
  backlog: { admit(count: number, priority?: number | "upkeep"): void };
}

export interface AskOptions {
  method?: string;
  token?: string | null;
  json?: unknown;
  body?: BodyInit;
  headers?: Record<string, string>;
}

export interface Answer {
  status: number;
  headers: Headers;
  // deno-lint-ignore no-explicit-any
  body: any;
  text: string;
}

/** The app over real HTTP, with the real engine, database, scheduler and authentication. */
export async function withApi(
  run: (api: TestApi) => Promise<void>,
  env: Record<string, string> = {},
): Promise<void> {
  const db = await Database.open({ path: ":memory:" });
  const logged: string[] = [];
  const config = loadConfig({ ADMIN_TOKEN: ADMIN, JWT_SECRET, ...env });
  const log = createLogger({
    level: "debug",
    format: "json",
    secrets: config.secrets,
    write: (line) => logged.push(line),
  });
  const clock = systemClock;
  const auth = await Authenticator.open({ db, clock, log, dataDir: "unused", ...config.auth });
  const engine = new JobEngine({
    db,
    clock,
    log,
    queues: QUEUES,
    worker: "test",
  });
  engine.register(reply, chore, httpTasks({ secret: SECRET, policy: taskUrlPolicy(config) }));
  await engine.start();
  const schedules = new Scheduler({ db, clock, log, engine }, [{
    name: "nightly",
    timing: { cron: "0 4 * * *" },
    description: "cleans up",
    enqueue: (tx) => engine.prepare(tx, chore, { what: "nightly" }),
  }]);
  const stop = new AbortController();
  const backlog: TestApi["backlog"] = { admit() {} };
  const cleared: (string | undefined)[] = [];
  const deps: ApiDeps = {
    config,
    clock,
    log,
    db,
    auth,
    engine,
    schedules,
    cache: cacheDouble(cleared),
    conversations: conversationsDouble(db, engine),
    streams: new ReplyStreams(),
    users: {
      erase: () => Promise.resolve("maintenance-01-0"),
      backupsExpireAt: () => Promise.resolve(null),
    },
    bots: botsDouble(),
    reports: reportsDouble(),
    figures: new Figures({
      db,
      clock,
      users: new UserMonths(db.kv),
      unanswered: new UnansweredQuestions(db),
      texts: { takings: () => Promise.resolve(null), question: () => Promise.resolve(null) },
    }),
    ...systemDouble(),
    alerts: new Alerts({
      db,
      log,
      rules: alertRules({ ...config.alerts, diskReserveBytes: 0, tokensPerDay: 0 }),
      inputs: () => Promise.reject(new Error("nothing is evaluated here")),
      tell() {},
    }),
    backups: null,
    offsite: null,
    notifier: new Notifier({ db, clock, engine, canMail: true }),
    metrics: { render: () => Promise.resolve("pixel_up 1\n"), request() {} },
    bulk: {
      count: (selection, action) => countMatching(engine, selection, action),
      enqueue: () => engine.enqueue(chore, { what: "bulk" }),
    },
    work: {
      report: (tx) => engine.prepare(tx, chore, { what: "report" }),
      recount: (tx) => engine.prepare(tx, chore, { what: "recount" }),
      cleanup: (tx, type) => [{ type, taskId: engine.prepare(tx, chore, { what: type }) }],
      httpTask: requestedWork(engine).httpTask,
      probe: (queue) => engine.enqueue({ ...chore, queue }, { what: "probe" }),
      clearCache: (tx) => engine.prepare(tx, chore, { what: "cache" }),
    },
    admit(count, priority) {
      backlog.admit(count, priority);
    },
    ready: () => Promise.resolve(true),
    stopping: stop.signal,
    askToStop() {},
    events: await EventRing.open(db, { now: () => clock.now() }),
  };
  const app = createApp(deps);
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (request, info) => app.fetch(request, info),
  );
  const url = `http://127.0.0.1:${server.addr.port}`;
  try {
    await run({
      app,
      deps,
      engine,
      url,
      logged,
      cleared,
      stop,
      backlog,
      ask: (path, options) => ask(url + path, options),
      token: (role, claims) => platformToken({ role, ...claims }),
    });
  } finally {
    stop.abort();
    await server.shutdown();
    await engine.stop(1_000);
    await app.close();
    await auth.audit.close();
    await db.close();
    await engine.closed();
  }
}

async function ask(url: string, options: AskOptions = {}): Promise<Answer> {
  const { method, token = ADMIN, json, body, headers } = options;
  const response = await fetch(url, {
    method: method ?? (json !== undefined || body !== undefined ? "POST" : "GET"),
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(json === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    body: json === undefined ? body : JSON.stringify(json),
  });
  const text = await response.text();
  const isJson = /[/+]json/.test(response.headers.get("content-type") ?? "") && text !== "";
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson ? JSON.parse(text) : undefined,
  };
}

/** A token as the platform signs it. */
export function platformToken(claims: Record<string, unknown>): Promise<string> {
  return new SignJWT({ sub: "user-1", ...claims })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(JWT_SECRET));
}

function cacheDouble(cleared: (string | undefined)[]): ApiDeps["cache"] {
  const latency = { count: 0, p50Ms: null, p95Ms: null, p99Ms: null, maxMs: null };
  const tier = {
    active: true,
    invalidatedBy: null,
    hits: 0,
    entries: 2,
    bytes: 10,
    evictions: 0,
    latency,
  };
  const entries = new Map<string, unknown>([["a/b:c", { text: "a secret", api_key: "hunter2" }], [
    "plain",
    1n,
  ]]);
  return {
    stats: () =>
      Promise.resolve({
        connected: true,
        backend: "memory",
        hitRate: null,
        hits: 0,
        misses: 0,
        totalKeys: entries.size,
        memoryUsage: "1 KB",
        memoryBytes: 1024,
        operationsPerSecond: 0,
        uptimeSeconds: 1,
        lastDay: { hits: 0, misses: 0, hitRate: null },
        process: tier,
        shared: null,
        namespaces: [],
        redis: null,
        server: null,
        totalsExact: true,
        staleHits: 0,
        fills: 0,
        writes: 2,
        damaged: 0,
        evictions: 0,
        bytesSavedByCompression: 0,
        refusals: { too_large: 1 },
        unsent: { waiting: 0, replayed: 0 },
        similarReuses: 0,
        saved: { tokens: 0, costMicros: 0 },
      }),
    inspect: (key) =>
      Promise.resolve(
        entries.has(key)
          ? {
            key,
            value: entries.get(key),
            createdAt: 1,
            freshUntil: 2,
            expiresAt: 3,
            costMs: 4,
            tags: ["t"],
            bytes: 5,
          }
          : undefined,
      ),
    keys: (pattern) =>
      Promise.resolve(
        pattern === "away" ? { keys: [], reason: "closed at redis.internal:6379" } : {
          keys: [...entries.keys()].map((key) => ({ key, bytes: 5, expiresAt: 3 })),
          cursor: "0.7",
        },
      ),
    delete: (key) => Promise.resolve(entries.delete(key)),
    clear(pattern, { dryRun } = {}) {
      if (!dryRun) cleared.push(pattern);
      return Promise.resolve(
        pattern === "huge:*"
          ? { cleared: 10, complete: false, cursor: "7" }
          : { cleared: 2, complete: true },
      );
    },
  };
}

function conversationsDouble(db: Database, engine: JobEngine): ApiDeps["conversations"] {
  const known = new Map<string, { turn: NewTurn; taskId: string; queuedAt: number }>();
  const batches = new Map<string, { content: string; taskIds: string[] }>();
  const submit: ApiDeps["conversations"]["submit"] = async (turn, claim, admit) => {
    const before = known.get(turn.conversationId)?.turn;
    if (before && (before.botId !== turn.botId || before.userId !== turn.userId)) {
      throw conflict("This conversation has another bot or user.");
    }
    const answer = await commitOnce(db, claim, (tx) => {
      admit?.();
      return {
        taskId: engine.prepare(tx, reply, turn, { priority: turn.priority }),
        conversationId: turn.conversationId,
        priority: turn.priority,
      };
    });
    known.set(turn.conversationId, { turn, taskId: answer.taskId, queuedAt: Date.now() });
    return answer;
  };
  return {
    submit,
    async submitBatch(given, turns, admit) {
      const batchId = given ?? crypto.randomUUID();
      const content = JSON.stringify(turns);
      const before = batches.get(batchId);
      if (before && before.content !== content) throw conflict("This batch has other content.");
      if (!before) admit?.();
      const taskIds = before?.taskIds ?? [];
      if (!before) { for (const turn of turns) taskIds.push((await submit(turn)).taskId); }
      batches.set(batchId, { content, taskIds });
      return { batchId, taskIds, queued: taskIds.length };
    },
    async status(conversationId) {
      const found = known.get(conversationId);
      const job = found && await engine.get(found.taskId);
      if (!found || !job) return null;
      const ended = job.finishedAt !== undefined;
      const status = !ended ? "pending" : job.state === "completed" ? "completed" : "failed";
      return {
        conversationId,
        taskId: found.taskId,
        status,
        priority: found.turn.priority,
        queuedAt: found.queuedAt,
        ...(ended ? { completedAt: job.finishedAt } : {}),
        ...(status === "completed" ? { result: job.result as TurnResult } : {}),
        ...(status === "failed" ? { error: { code: "failed", message: "it failed" } } : {}),
      };
    },
    batchSettled: () => Promise.resolve(true),
    batchStatus(batchId) {
      const batch = batches.get(batchId);
      const total = batch?.taskIds.length ?? 0;
      const counts = { total, completed: 0, failed: 0, pending: total, createdAt: Date.now() };
      return Promise.resolve(batch ? { batchId, status: "processing", ...counts } : null);
    },
    metrics: () =>
      Promise.resolve({
        total: known.size,
        breakdown: { pending: known.size, processing: 0, completed: 0, failed: 0 },
        successRate: null,
      }),
    list: (limit) =>
      Promise.resolve({
        conversations: [...known.values()].slice(0, limit).map(({ turn, taskId, queuedAt }) => ({
          conversationId: turn.conversationId,
          botId: turn.botId,
          userId: turn.userId,
          status: "pending" as const,
          startedAt: queuedAt,
          storedAt: queuedAt,
          turns: 1,
          taskId,
          imported: false,
        })),
      }),
    get(conversationId) {
      const found = known.get(conversationId);
      if (!found) return Promise.resolve(null);
      const { turn: { userId, botId, userMessage }, queuedAt: startedAt } = found;
      const at = new Date(startedAt).toISOString();
      return Promise.resolve({
        conversationId,
        userId,
        botId,
        status: "pending",
        startedAt,
        storedAt: startedAt,
        turns: 1,
        waiting: 1,
        messages: [{ role: "user", content: userMessage, at }],
      });
    },
    handoff: () => Promise.resolve({ handoffAt: 0, first: true }),
    close: () => Promise.resolve({ closedAt: 0 }),
    reopen: () => Promise.resolve({ reopened: true, reopenedAt: 0 }),
    setImportance: () => Promise.resolve(),
    feedback(conversationId) {
      if (!known.has(conversationId)) throw notFound("There is no such conversation.");
      return Promise.resolve();
    },
    async importStream(lines) {
      const text = await new Response(lines).text();
      const imported = text.split("\n").filter((line) => line.trim() !== "").length;
      return { imported, skipped: 0, rejected: [], rejectedCount: 0 };
    },
  };
}

function botsDouble(): ApiDeps["bots"] {
  const bots = new Map<string, BotView>();
  return {
    get: (botId) => Promise.resolve(bots.get(botId) ?? null),
    put(botId, draft) {
      const version = (bots.get(botId)?.version ?? 0) + 1;
      const bot = { botId, defined: true, version, ...draft };
      bots.set(botId, bot);
      return Promise.resolve(bot);
    },
    delete: (botId) => Promise.resolve(bots.delete(botId)),
    answers: () => Promise.resolve(null),
    list: () =>
      Promise.resolve({
        bots: [...bots.values()].map(({ knowledge, intents, instructions: _, ...bot }) => ({
          ...bot,
          knowledgeCount: knowledge.length,
          intentCount: intents.length,
        })),
      }),
  };
}

function reportsDouble(): ApiDeps["reports"] {
  const at = "2026-01-01T00:00:00.000Z";
  const frame = {
    period: { start: at, end: at },
    generated_at: at,
    data_as_of: at,
    partial: false,
    revision: 1,
  };
  return {
    daily: (date) =>
      Promise.resolve({
        report_type: "daily",
        date,
        ...frame,
        conversation_analytics: {
          total_conversations: 0,
          status_breakdown: {},
          average_conversation_length: null,
        },
        user_engagement: { active_users: 0, new_users: 0, average_messages_per_user: null },
        bot_performance: { bot_statistics: [], total_bots_used: 0 },
        system_performance: {
          average_cpu_usage: null,
          average_memory_usage: null,
          health_reports_count: 0,
        },
      }),
    weekly: (week_start) =>
      Promise.resolve({
        report_type: "weekly",
        week_start,
        ...frame,
        aggregated_stats: {
          total_conversations: 0,
          total_active_users: 0,
          total_new_users: 0,
          daily_average_conversations: null,
          days_with_data: 0,
        },
        conversation_trends: { daily_trends: [], trend_direction: "insufficient_data" },
        user_retention: {
          total_users: 0,
          returning_users: 0,
          retention_rate: null,
          retained_of_previous_rate: null,
        },
        daily_reports_count: 0,
      }),
    monthly: (date) =>
      Promise.resolve({
        report_type: "monthly",
        month: date.slice(0, 7),
        ...frame,
        monthly_overview: {
          total_conversations: 0,
          active_users: 0,
          new_users: 0,
          conversations_per_user: null,
        },
        growth_metrics: {
          conversation_growth_rate: null,
          user_growth_rate: null,
          current_period: { conversations: 0, users: 0 },
          previous_period: { conversations: 0, users: 0 },
        },
        top_performers: { top_bots: [], most_active_users: [] },
      }),
  };
}

function systemDouble(): Pick<ApiDeps, "health" | "summary" | "history"> {
  const timestamp = "2026-01-01T00:00:00.000Z";
  const system = { cpu_percent: 1, memory_percent: 2, disk_percent: 3 };
  const services = { redis_healthy: true, database_healthy: true };
  return {
    health: {
      report: () =>
        Promise.resolve({
          timestamp,
          status: "healthy",
          system,
          services,
          redis_info: null,
          checks: [],
        }),
    },
    summary: () =>
      Promise.resolve({
        cache_performance: {
          hit_rate: 0,
          total_keys: 0,
          memory_usage: "0 B",
          operations_per_second: 0,
        },
        conversation_metrics: {
          total_conversations: 0,
          status_breakdown: { pending: 0, processing: 0, completed: 0, failed: 0 },
          success_rate: 0,
          timestamp,
        },
        system_health: { system, services },
        active_tasks_count: 0,
        performance_score: 100,
        score_terms: [],
        timestamp,
      }),
    history: {
      query: ({ from, to, granularity = "minute" }) =>
        Promise.resolve({
          granularity,
          from: new Date(from).toISOString(),
          to: new Date(to).toISOString(),
          points: [{ at: timestamp, [HISTORY_METRICS[0]]: 100 }],
        }),
    },
  };
}
