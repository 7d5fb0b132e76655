import type { BotDefinition } from "./lib/ai/responder.ts";
import { type Config, ConfigError, loadConfig } from "./lib/config/config.ts";
import type { AnyDefinition } from "./lib/jobs/definition.ts";
import type { Scheduler } from "./lib/jobs/scheduler.ts";
import { EventRing } from "./lib/jobs/event_ring.ts";
import { countMatching } from "./lib/jobs/matching.ts";
import { messageOf } from "./lib/errors.ts";
import { createLogger } from "./lib/log.ts";
import { LogFile } from "./lib/log_file.ts";
import type { AlertView } from "./lib/monitoring/alerts/alerts.ts";
import { performanceSummary } from "./lib/monitoring/summary.ts";
import { openServices, type Services } from "./lib/services.ts";
import { buildAssets } from "./lib/web/build.ts";
import { shownAlert } from "./routes/api/alerts.ts";
import { createApp } from "./routes/app.ts";
import type { ApiDeps, FeedEvent } from "./routes/deps.ts";
import { mountPages } from "./routes/pages.ts";
import { sharedReading } from "./routes/shared_readings.ts";
import { bulkActionJob } from "./workers/bulk_action.ts";
import { Ticks } from "./workers/ticks.ts";
import { requestErasure, startWithErasures } from "./workers/erase_user.ts";
import { workers } from "./workers/mod.ts";
import { userHandlers } from "./workers/user_handlers.ts";
import { schedulesFor } from "./workers/schedules.ts";
import { requestedWork } from "./workers/work.ts";
import { signingSecret } from "./workers/signing_secret.ts";

/** A service that runs in this process. */
export interface RunningService {
  /** Its address, without a path. */
  url: string;
  /** Resolves when another process has taken this one's work over: then it is of no more use. */
  lost: Promise<void>;
  /** Resolves when somebody asked over the API that it stops; whoever started it then does so. */
  stopAsked: Promise<void>;
  /**
   * Does what is due, for up to 50 s; for a platform that wakes the service each minute instead of
   * letting it run on. Null where it does everything by itself.
   */
  tick: (() => Promise<void>) | null;
  /** Drains and closes everything; resolves when all of it is closed. */
  stop(): Promise<void>;
}

const ROOT = new URL("./", import.meta.url);
/** Everybody who asks within it sees the same summary. */
const SUMMARY_KEPT_MS = 250;
const OTHERS_EVENTS_MS = 500;

/**
 * Starts the whole service from environment variables: opens what is stored, takes over what an
 * earlier process left, and serves. Throws ConfigError or AppError with one line that says why not.
 */
export async function startService(
  env: Record<string, string>,
  terminal = false,
): Promise<RunningService> {
  const startedAt = performance.now();
  const config = loadConfig(env, { terminal });
  using logFiles = new DisposableStack(); // closed last: there is something to log to the very end
  await using stack = new AsyncDisposableStack();
  const log = createLogger({
    ...config.log,
    secrets: config.secrets,
    write: config.log.file ? intoFile(config.log.file, config.log.fileBytes, logFiles) : undefined,
  });
  const own = await userHandlers(config.handlers);
  const lost = Promise.withResolvers<void>();
  const stopAsked = Promise.withResolvers<void>();
  const services = stack.use(
    await openServices(config, {
      // Where work is done in ticks, the next one begins anew.
      onLost: config.platform.longRunning ? lost.resolve : undefined,
      log,
      terminal,
      print: (line) => console.log(line),
      schedules: schedulesFor(config.platform),
      queues: own.map(({ queue }) => queue),
    }),
  );
  const { engine, db, clock, scheduler } = services;
  const secret = await signingSecret(db, config, log);
  engine.register(...workers(services, secret));
  registerOwn(engine, own);

  const stopping = new AbortController();
  const events = await openEvents(services);
  const app = createApp({
    ...apiDeps(services, scheduler, stopping.signal, stopAsked.resolve),
    events,
  });
  if (config.platform.files) {
    const { built, files } = await buildAssets({ root: ROOT, out: new URL("dist/", ROOT) });
    if (built) log.info("the dashboard was built", { files });
  }
  await mountPages(app.site, {
    sessions: app.sessions,
    clock,
    log,
    api: app.api,
    demoUrl: config.demoUrl,
    publicUrl: config.publicUrl,
  });
  const ticks = config.platform.longRunning ? null : new Ticks(services);
  if (ticks) stack.defer(() => ticks.close());
  // Every role answers HTTP; who works and who brings ticks depends on it.
  const does = (role: string) => !ticks && (config.role === "all" || config.role === role);
  await engine.load();
  stack.defer(() => engine.stop(1_000)); // also when the rest of the start fails
  const erasedAgain = await startWithErasures(services, async () => {
    if (does("worker")) await engine.start();
    else if (!ticks) await engine.follow();
  });
  if (erasedAgain > 0) {
    log.warn("erasing again after a restore, or going on with it", { erasedAgain });
  }
  if (does("scheduler")) {
    await scheduler.start();
    bringTicks(scheduler, stopping.signal);
  }
  services.alerts.subscribe((_change, alert) =>
    app.feed.publish("alert", alertEvent(alert, clock.now()))
  );
  services.health.subscribe(({ status, since, timestamp: at }) =>
    app.feed.publish("health", { status, since, at })
  );
  // Redis going or coming is told with the health it makes, without waiting for the next look.
  services.cache.subscribe(() => void services.health.report().catch(() => {}));
  if (does("scheduler")) services.alerts.start();

  const server = listening(config, () =>
    Deno.serve({
      port: config.port,
      hostname: config.host,
      onListen: () => {},
      onError: (error) => {
        log.error("a request could not be answered", { error });
        return new Response("internal error\n", { status: 500 });
      },
    }, (request, info) => app.fetch(request, info)));
  const url = addressOf(server.addr, config);
  log.info("ready", { url, ms: Math.round(performance.now() - startedAt) });

  const rest = stack.move();
  const openLog = logFiles.move();
  return {
    url,
    lost: lost.promise,
    stopAsked: stopAsked.promise,
    tick: ticks && (() => ticks.tick()),
    async stop() {
      log.info("stopping");
      stopping.abort();
      scheduler.stop();
      await Promise.all([
        ticks?.close(),
        engine.stop(Math.max(1_000, config.shutdownMs - 10_000)),
        server.shutdown(),
      ]);
      await app.close();
      await rest.disposeAsync();
      await engine.closed();
      log.info("stopped");
      openLog.dispose();
    },
  };
}

/** Lines of the log into a file of its own. */
function intoFile(
  path: string,
  maxBytes: number,
  stack: DisposableStack,
): (line: string) => void {
  try {
    const file = stack.use(new LogFile({ path, maxBytes }));
    return (line) => file.write(line);
  } catch (error) {
    throw new ConfigError("LOG_FILE", `${path} cannot be written: ${messageOf(error)}`);
  }
}

/** Adds a user's own handlers; a name that is taken stops the start. */
function registerOwn(engine: Services["engine"], own: AnyDefinition[]): void {
  try {
    engine.register(...own);
  } catch (error) {
    throw error instanceof RangeError ? new ConfigError("HANDLERS", error.message) : error;
  }
}

/** What the API needs of the services. */
function apiDeps(
  services: Services,
  scheduler: Scheduler,
  stopping: AbortSignal,
  askToStop: () => void,
): Omit<ApiDeps, "events"> {
  const { clock, cache, conversations, history, health, engine, db, admission } = services;
  return {
    ...services,
    bots: botsPort(services),
    users: usersPort(services),
    schedules: scheduler,
    summary: sharedReading(
      () =>
        performanceSummary({
          cache: () => cache.stats(),
          conversations: () => conversations.metrics(),
          health: () => health.report(),
          activeTasks: () => engine.active().length,
          score: () => history.score(),
        }, clock),
      SUMMARY_KEPT_MS,
      clock,
    ),
    history: { query: (query) => history.read(query) },
    work: requestedWork(engine),
    bulk: {
      count: (selection, action) => countMatching(engine, selection, action),
      enqueue: (request) => engine.enqueue(bulkActionJob, request),
    },
    admit: (count, priority) => admission.admit(count, priority),
    ready: async () => (await db.kv.get(["meta", "schema"])).value !== null,
    stopping,
    askToStop,
  };
}

/** The stream of live events; other processes' are looked for where the database is shared. */
async function openEvents({ db, clock, config }: Services): Promise<ApiDeps["events"]> {
  const opened = await EventRing.open<FeedEvent>(db, { now: () => clock.now() });
  return { ...opened, pollMs: config.shared ? OTHERS_EVENTS_MS : undefined };
}

const DAY_MS = 86_400_000;

/** Erasing people; backups keep them for as long as the policy keeps backups. */
function usersPort({ config, erasures, engine, backups }: Services): ApiDeps["users"] {
  const { backupsDaily, backupsWeekly } = config.retention;
  return {
    erase: (userId) => requestErasure({ erasures, engine }, userId),
    async backupsExpireAt(now) {
      const newest = await backups?.newestAt() ?? null;
      if (newest === null) return null;
      // The newest one may be its day's and its week's last, whichever is kept longer.
      const days = Math.max(backupsDaily, 7 * backupsWeekly) + 1;
      return Math.max(now, newest) + days * DAY_MS;
    },
  };
}

/** Bots with the state of their classifiers; a bot that nobody defined or used is null. */
function botsPort({ bots, embedded }: Services): ApiDeps["bots"] {
  const view = <B extends Pick<BotDefinition, "botId" | "version">>(bot: B) => ({
    ...bot,
    classifier: { status: embedded.status(bot), version: bot.version },
  });
  return {
    async get(id) {
      if (!await bots.exists(id)) return null;
      const bot = await bots.get(id);
      // After a restart nobody may have asked it yet; what was trained is on disk.
      embedded.prepare(bot);
      return view(bot);
    },
    async put(id, draft) {
      const bot = await bots.put(id, { ...draft, cache: draft.cache });
      embedded.prepare(bot);
      return view(bot);
    },
    async delete(id, also) {
      const deleted = await bots.delete(id, also);
      await embedded.forget(id); // also where a process was killed between the two
      return deleted;
    },
    async answers(id, messages) {
      return await embedded.answers(await bots.get(id), messages);
    },
    async list(cursor, limit) {
      const page = await bots.list(cursor, limit);
      return { ...page, bots: page.bots.map(view) };
    },
  };
}

/** Cron brings the ticks; the ledger lets each through once, whoever brings it. */
function bringTicks(scheduler: Scheduler, signal: AbortSignal): void {
  for (const { name, timing } of scheduler.schedules) {
    if (!("cron" in timing) || timing.zone) continue; // Deno.cron knows UTC only; timers bring others
    Deno.cron(name, timing.cron, { signal, backoffSchedule: [1_000, 10_000, 60_000] }, async () => {
      await scheduler.tick(name);
    });
  }
}

/** Serves; an address that cannot be had is told as the variables that chose it. */
function listening<T>({ host, port }: Config, serve: () => T): T {
  try {
    return serve();
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      throw new ConfigError(
        "PORT",
        `${port} is taken on ${host}; stop what uses it, or set another`,
      );
    }
    if (error instanceof Deno.errors.AddrNotAvailable) {
      throw new ConfigError("HOST", `${host} is no address of this machine`);
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new ConfigError("PORT", `${port} may not be served on by this user; set another`);
    }
    throw new ConfigError("HOST", `${host} cannot be served on: ${messageOf(error)}`);
  }
}

function alertEvent(alert: AlertView, now: number) {
  const at = new Date(now).toISOString();
  return { ...shownAlert(alert), firing: alert.raised, detail: alert.detail ?? alert.title, at };
}

function addressOf(addr: Deno.Addr, config: Config): string {
  // A platform may listen elsewhere than it was asked to, and not on a port at all.
  if (addr.transport !== "tcp") return config.publicUrl ?? `http://localhost:${config.port}`;
  const { hostname, port } = addr;
  const host = hostname === "0.0.0.0" || hostname === "::" ? "localhost" : hostname;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

export { ConfigError };
