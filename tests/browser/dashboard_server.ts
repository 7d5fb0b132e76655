/** The dashboard over a small API that answers from hand-written data, on a real port. */
import { Hono } from "hono";
import { isSecret } from "../../lib/auth/secret.ts";
import { sessionIdFrom } from "../../lib/auth/session_cookie.ts";
import { streamSSE } from "hono/streaming";
import { compileGlob } from "../../lib/cache/glob.ts";
import { silentLogger } from "../../lib/log.ts";
import { buildAssets } from "../../lib/web/build.ts";
import { AppError } from "../../lib/errors.ts";
import {
  CSRF_HEADER,
  type NewSession,
  type Session,
  type Sessions,
} from "../../lib/web/sessions.ts";
import type { FeedEvent } from "../../routes/deps.ts";
import type { TaskDetail } from "../../lib/wire/tasks.ts";
import { mountPages, type PageBindings } from "../../routes/pages.ts";
import { periodOf } from "../../routes/periods.ts";
import * as sample from "./sample_data.ts";
import * as figures from "./sample_figures.ts";
import * as pages from "./sample_pages.ts";

export const OPERATOR_TOKEN = "operator-token-for-tests";
export const VIEWER_TOKEN = "viewer-token-for-tests";

export interface DashboardServer extends AsyncDisposable {
  url: string;
  /** What the API answers; tests change it. */
  data: ReturnType<typeof freshData>;
  /** What was asked to be done, oldest first: "POST /cache/clear {…}". */
  done: string[];
  /** Reads of the events stream: the Last-Event-ID that each began with. */
  streams: string[];
  emit(event: FeedEvent["name"], data?: unknown): void;
  /** Ends every open event stream, and refuses new ones while `refuse`. */
  dropStreams(refuse: boolean): void;
  /** Resolves when no event stream is open. */
  streamsClosed(): Promise<void>;
  /** Forgets every session, as an expiry would. */
  endSessions(): void;
}

const freshData = () =>
  structuredClone({
    summary: sample.summary,
    health: sample.health,
    cache: sample.cache,
    active: sample.activeTasks,
    queues: sample.queues,
    tasks: sample.tasks,
    details: [sample.waitingTask],
    conversations: pages.conversations,
    conversation: pages.conversation,
    bots: pages.bots,
    unanswered: pages.unanswered,
    schedules: pages.schedules,
    alerts: pages.alerts as typeof pages.alerts | null,
    cacheEntries: pages.cacheEntries,
    /** Paths that fail with 500. */
    broken: [] as string[],
  });

let built: Promise<URL> | undefined;

/** The build, made once for all tests of a run, and deleted at its end. */
function builtAssets(root: URL): Promise<URL> {
  return built ??= (async () => {
    const folder = await Deno.makeTempDir({ prefix: "dashboard-" });
    addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
    const out = new URL(`file://${folder}/`);
    await buildAssets({ root, out });
    return out;
  })();
}

export async function startDashboard(): Promise<DashboardServer> {
  const root = new URL("../../", import.meta.url);
  const assets = await builtAssets(root);
  const { sessions, endSessions } = memorySessions();
  const api = testApi(sessions);
  const app = new Hono<{ Bindings: PageBindings }>();
  app.route("/api/performance", api.app);
  const bindings = { requestId: "page-1", address: "127.0.0.1", secure: false };
  await mountPages(app, {
    sessions,
    api: (request) => app.fetch(request, bindings),
    log: silentLogger,
    clock: { now: () => sample.NOW, elapsed: () => performance.now(), after: () => () => {} },
    assets,
  });
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (request) => app.fetch(request, bindings),
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    data: api.data,
    done: api.done,
    streams: api.streams,
    emit: api.emit,
    dropStreams: api.dropStreams,
    streamsClosed: api.streamsClosed,
    endSessions,
    async [Symbol.asyncDispose]() {
      api.dropStreams(true);
      await server.shutdown();
    },
  };
}

type Answer = (body: object) => object;
type Refusal = (status: number, detail: string) => Response;

/** What the pages beyond the first three ask for. */
function addPages(
  app: Hono<{ Variables: { session: Session } }>,
  data: ReturnType<typeof freshData>,
  ok: Answer,
  problem: Refusal,
): void {
  app.get("/conversations", (c) => {
    const from = Number(c.req.query("cursor") ?? 0);
    const to = from + Number(c.req.query("limit") ?? 50);
    const next = to < data.conversations.length ? { next_cursor: String(to) } : {};
    return c.json(ok({ conversations: data.conversations.slice(from, to), ...next }));
  });
  app.get(
    "/conversations/:id",
    (c) =>
      c.req.param("id") === data.conversation.conversation_id
        ? c.json(ok({ conversation: data.conversation }))
        : problem(404, "There is no such conversation."),
  );
  app.post("/conversations/queue", async (c) => {
    const { conversation_id, bot_id, user_message } = await c.req.json();
    const known = data.bots.find((bot) => bot.bot_id === bot_id)?.knowledge
      .find(({ question }) => question === user_message);
    const result = {
      conversation_id,
      bot_id,
      response: known?.answer ?? "I do not know.",
      processed_at: new Date(sample.NOW).toISOString(),
      metadata: {},
      source: known ? "knowledge" : "none",
      intent: null,
      score: known ? 0.97 : 0.1,
      cached: false,
      latency_ms: 12,
    };
    return c.json(ok({ task_id: "t-try", conversation_id, priority: "normal", result }));
  });
  app.get("/bots", (c) =>
    c.json(ok({
      bots: data.bots.map(({ knowledge, intents, instructions: _, ...bot }) => ({
        ...bot,
        knowledge_count: knowledge.length,
        intent_count: intents.length,
      })),
    })));
  app.get("/bots/:id", (c) => {
    const bot = data.bots.find((bot) => bot.bot_id === c.req.param("id"));
    return bot ? c.json(ok({ bot })) : problem(404, "There is no such bot.");
  });
  app.put("/bots/:id", async (c) => {
    const bot_id = c.req.param("id");
    const at = data.bots.findIndex((bot) => bot.bot_id === bot_id);
    const version = (data.bots[at]?.version ?? 0) + 1;
    const classifier = { status: "training", version };
    const bot = { ...await c.req.json(), bot_id, defined: true, version, classifier };
    data.bots[at === -1 ? data.bots.length : at] = bot;
    return c.json(ok({ bot }));
  });
  app.get("/maintenance/retention", (c) => c.json(ok(pages.kept)));
  app.get("/schedules", (c) => c.json(ok({ schedules: data.schedules })));
  app.post(
    "/schedules/:name/run",
    (c) => c.json(ok({ name: c.req.param("name"), task_id: "t-run-1" })),
  );
  app.get(
    "/schedules/:name/ledger",
    (c) => c.json(ok({ name: c.req.param("name"), ticks: pages.ticks })),
  );
  for (const method of ["PUT", "DELETE"]) {
    app.on(method, "/schedules/:name/pause", (c) => {
      const name = c.req.param("name")!;
      const schedule = data.schedules.find((one) => one.name === name)!;
      schedule.paused = method === "PUT";
      schedule.paused_by = "ada";
      schedule.paused_since = new Date(sample.NOW).toISOString();
      return c.json(ok({ name, paused: schedule.paused }));
    });
  }
  app.get(
    "/alerts",
    (c) =>
      data.alerts ? c.json(ok({ alerts: data.alerts })) : problem(404, "There is nothing here."),
  );
  app.post("/alerts/:name/acknowledge", (c) => {
    const alert = data.alerts!.find(({ name }) => name === c.req.param("name"))!;
    alert.acknowledged = { by: "ada", at: new Date(sample.NOW).toISOString() };
    return c.json(ok({ alert }));
  });
  app.get("/analytics/unanswered", (c) => {
    const bot_id = c.req.query("bot_id");
    const questions = data.unanswered.filter((one) => one.bot_id === bot_id)
      .map((one) => ({ ...one, variants: [], last_asked_at: new Date(sample.NOW).toISOString() }));
    return c.json(ok({ bot_id, questions }));
  });
  app.get("/analytics/range", (c) => {
    const { from, to, tz, bot_id } = c.req.query() as Record<string, string>;
    return c.json(ok({ analytics: figures.range(from!, to!, tz ?? "UTC", bot_id) }));
  });
  app.get("/analytics/compare", (c) => c.json(ok({ analytics: figures.comparison })));
  app.get("/analytics/busiest", (c) => c.json(ok({ analytics: figures.busiest })));
  app.get("/analytics/anomalies", (c) => c.json(ok({ analytics: figures.anomalies })));
  app.get("/analytics/retention", (c) => c.json(ok({ analytics: figures.retention })));
  app.get("/cache/key/:key", (c) => {
    const key = c.req.param("key");
    return key in data.cacheEntries
      ? c.json(ok({ key, value: data.cacheEntries[key], ...pages.entryFacts }))
      : problem(404, "There is no such key in the cache.");
  });
  app.get("/cache/keys", (c) => {
    const glob = compileGlob(c.req.query("pattern") ?? "*");
    const from = Number(c.req.query("cursor") ?? 0);
    const all = Object.keys(data.cacheEntries).filter((key) => glob.matches(key));
    const to = from + Number(c.req.query("limit") ?? 50);
    const keys = all.slice(from, to)
      .map((key) => ({ key, bytes: 1_840, expires_at: pages.entryFacts.expires_at }));
    return c.json(ok({ keys, ...(to < all.length ? { next_cursor: String(to) } : {}) }));
  });
  app.delete("/cache/key/:key", (c) => {
    const key = c.req.param("key");
    const deleted = key in data.cacheEntries;
    delete data.cacheEntries[key];
    return c.json(ok({ deleted, key }));
  });
  app.put("/queues/:name/pause", (c) => {
    for (const queue of data.queues) queue.paused ||= queue.name === c.req.param("name");
    return c.json(ok({ queue: c.req.param("name"), paused: true }));
  });
}

function memorySessions(): { sessions: Sessions; endSessions(): void } {
  const known = new Map<string, Session>();
  let failures = 0;
  const begin = (subject: string, role: Session["role"]): NewSession => {
    const cookie = crypto.randomUUID();
    const expiresAt = sample.NOW + 3_600_000;
    const session = { subject, role, content: true, csrf: crypto.randomUUID(), expiresAt };
    known.set(cookie, session);
    return { cookie, session };
  };
  const sessions: Sessions = {
    signIn(token) {
      if (token === OPERATOR_TOKEN) return Promise.resolve(begin("ada", "operator"));
      if (token === VIEWER_TOKEN) return Promise.resolve(begin("vera", "viewer"));
      if (++failures > 3) {
        throw new AppError("rate_limited", "Too many attempts", { retryAfterSeconds: 42 });
      }
      return Promise.resolve(null);
    },
    redeem: (code) => Promise.resolve(code === "once" ? begin("guest", "operator") : null),
    find: (cookie) => Promise.resolve(known.get(cookie) ?? null),
    provider: null,
    beginOAuth: () => Promise.reject(new AppError("not_found", "no provider")),
    finishOAuth: () => Promise.resolve({ kind: "failed" }),
    signOut(cookie) {
      known.delete(cookie);
      return Promise.resolve();
    },
  };
  return { sessions, endSessions: () => known.clear() };
}

function testApi(sessions: Sessions) {
  const data = freshData();
  const done: string[] = [];
  const streams: string[] = [];
  const open = new Set<(event: { event: string; data: string; id: string } | null) => void>();
  const waiting: (() => void)[] = [];
  let refuse = false;
  let sent = 0;
  const app = new Hono<{ Variables: { session: Session } }>();
  const ok = (body: object) => ({
    status: "success",
    timestamp: new Date().toISOString(),
    ...body,
  });
  const problem = (status: number, detail: string) =>
    Response.json({ title: "Refused", status, detail, request_id: "req-7" }, { status });

  app.use(async (c, next) => {
    const session = await sessions.find(sessionIdFrom(c.req.header("cookie") ?? null, false) ?? "");
    if (!session) return problem(401, "Sign in first.");
    const changes = c.req.method !== "GET";
    if (changes && session.role === "viewer") return problem(403, "This needs an operator.");
    if (changes && !isSecret(session.csrf, c.req.header(CSRF_HEADER) ?? "")) {
      return problem(403, "CSRF");
    }
    const path = c.req.path.slice("/api/performance".length);
    if (data.broken.includes(path)) return problem(500, "This part is broken on purpose.");
    if (changes) done.push(`${c.req.method} ${path} ${await c.req.raw.clone().text()}`.trim());
    c.set("session", session);
    await next();
  });
  app.get("/performance/summary", (c) => c.json(ok({ performance_summary: data.summary })));
  app.get("/performance/history", (c) => {
    const hourly = c.req.query("granularity") === "hour";
    return c.json(ok({ history: hourly ? sample.day : sample.history }));
  });
  app.get("/health", (c) => c.json(ok({ health_report: data.health })));
  app.get("/cache/stats", (c) => c.json(ok({ cache_stats: data.cache })));
  app.get("/queues", (c) => c.json(ok({ queues: data.queues })));
  app.post("/tasks/actions", async (c) => {
    const { action, status, dry_run } = await c.req.json();
    const fitting = data.tasks.filter((task) => task.status === status);
    if (!dry_run) fitting.forEach((task) => task.status = "cancelled");
    const answer = { action, matching: fitting.length, capped: false, dry_run };
    return c.json(ok(dry_run ? answer : { ...answer, task_id: "t-bulk" }));
  });
  app.get("/tasks/active", (c) =>
    c.json(ok({
      active_tasks: data.active.slice(0, Number(c.req.query("limit") ?? 100)),
      task_count: data.active.length,
    })));
  app.get("/tasks", (c) => {
    const { queue, status, name, q } = c.req.query();
    const from = Number(c.req.query("cursor") ?? 0);
    const limit = Number(c.req.query("limit") ?? 100);
    const fitting = data.tasks.filter((task) =>
      (!queue || task.queue === queue) && (!status || task.status === status) &&
      (!name || task.name === name) &&
      (!q || (task.task_id + JSON.stringify(task.kwargs)).includes(q))
    );
    const more = fitting.length > from + limit;
    const next = more ? { next_cursor: String(from + limit) } : {};
    return c.json(ok({ tasks: fitting.slice(from, from + limit), ...next }));
  });
  app.get("/tasks/:id", (c) => {
    const id = c.req.param("id");
    const row = data.tasks.find((task) => task.task_id === id);
    const detail: TaskDetail | undefined = data.details.find((task) => task.task_id === id) ??
      row;
    if (!detail) return problem(404, "There is no such task.");
    return c.json(ok({ task_status: { ...detail, status: row?.status ?? detail.status } }));
  });
  app.delete("/tasks/:id", (c) => {
    const task = data.tasks.find((task) => task.task_id === c.req.param("id"));
    if (!task) return problem(404, "There is no such task.");
    if (task.finished_at) return problem(409, "This task is already finished.");
    task.status = "cancelled";
    data.details = [];
    return c.json(ok({ cancelled: true, task_id: task.task_id }));
  });
  app.post("/tasks/:id/retry", (c) => {
    const task = data.tasks.find((task) => task.task_id === c.req.param("id"))!;
    task.status = "queued";
    return c.json(ok({ task_id: task.task_id }));
  });
  app.post("/tasks/:id/hasten", (c) => {
    const task_id = c.req.param("id");
    for (const task of data.details) if (task.task_id === task_id) task.waiting_because = [];
    return c.json(ok({ task_id }));
  });
  app.delete("/queues/:name/pause", (c) => {
    for (const queue of data.queues) queue.paused &&= queue.name !== c.req.param("name");
    for (const task of data.details) task.waiting_because = [];
    return c.json(ok({ queue: c.req.param("name"), paused: false }));
  });
  app.put("/queues/:name/limits", async (c) => {
    for (const task of data.details) task.waiting_because = [];
    return c.json(ok({ queue: c.req.param("name"), ...await c.req.json() }));
  });
  app.post("/cache/clear", async (c) => {
    const { pattern = null, dry_run } = await c.req.json();
    const keys = pattern === "nothing:*" ? 0 : pattern ? 124 : 12_904;
    return c.json(ok({ cleared_entries: keys, pattern, ...(dry_run ? { dry_run } : {}) }));
  });
  app.post("/maintenance/cleanup", async (c) => {
    const { cleanup_type } = await c.req.json();
    const types = cleanup_type === "all" ? ["conversations", "cache", "tasks"] : [cleanup_type];
    const cleanup_tasks = types.map((type) => ({ type, task_id: `clean-${type}` }));
    return c.json(ok({ cleanup_tasks, cleanup_type }));
  });
  app.get("/analytics/daily", (c) => c.json(ok({ analytics: sample.daily(c.req.query("date")!) })));
  app.get("/analytics/weekly", (c) => {
    const { start } = periodOf("weekly", c.req.query("date")!);
    return c.json(ok({ analytics: sample.weekly(start) }));
  });
  app.get("/analytics/monthly", (c) => {
    const month = c.req.query("date")!.slice(0, 7);
    return c.json(ok({ analytics: sample.monthly(month) }));
  });
  addPages(app, data, ok, problem);
  app.get("/events", (c) => {
    if (refuse) return problem(503, "No streams now.");
    streams.push(c.req.header("last-event-id") ?? "");
    return streamSSE(c, async (stream) => {
      const queue: ({ event: string; data: string; id: string } | null)[] = [];
      let wake = () => {};
      const push = (event: typeof queue[number]) => {
        queue.push(event);
        wake();
      };
      open.add(push);
      stream.onAbort(() => push(null));
      await stream.writeSSE({ event: "hello", data: "{}" });
      for (;;) {
        if (queue.length === 0) await new Promise<void>((resolve) => wake = resolve);
        const event = queue.shift();
        if (!event) break;
        await stream.writeSSE(event);
      }
      open.delete(push);
      if (open.size === 0) { for (const resolve of waiting.splice(0)) resolve(); }
    });
  });
  return {
    app,
    data,
    done,
    streams,
    emit(event: FeedEvent["name"], body: unknown = {}) {
      const message = { event, data: JSON.stringify(body), id: String(++sent) };
      for (const push of open) push(message);
    },
    streamsClosed: () =>
      open.size === 0 ? Promise.resolve() : new Promise<void>((resolve) => waiting.push(resolve)),
    dropStreams(refuseNew: boolean) {
      refuse = refuseNew;
      for (const push of open) push(null);
    },
  };
}
