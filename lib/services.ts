import { join } from "node:path";
import { CachedResponder } from "./ai/cached_responder.ts";
import { EmbeddedResponder } from "./ai/embedded_responder.ts";
import { OpenAIResponder } from "./ai/openai_responder.ts";
import type { CacheableResponder, Responder } from "./ai/responder.ts";
import { readLiveMetrics } from "./analytics/live.ts";
import { Recorder } from "./analytics/recorder.ts";
import { Reports } from "./analytics/reports.ts";
import { Authenticator } from "./auth/authenticator.ts";
import { type CacheService, openCache } from "./cache/mod.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Config } from "./config/config.ts";
import { BotStore } from "./conversations/bot_store.ts";
import { Conversations } from "./conversations/conversations.ts";
import { JobEngine } from "./jobs/engine.ts";
import { type Schedule, Scheduler } from "./jobs/scheduler.ts";
import { type DataLock, lockDataDir } from "./kv/data_lock.ts";
import { Database } from "./kv/database.ts";
import { openSchema } from "./kv/schema.ts";
import type { Logger } from "./log.ts";
import { Admission } from "./monitoring/admission.ts";
import { Backups } from "./monitoring/backup.ts";
import { DEFAULT_THRESHOLDS, standardChecks } from "./monitoring/checks/standard.ts";
import { HealthService } from "./monitoring/health.ts";
import { HealthHistory } from "./monitoring/health_history.ts";
import { PerformanceHistory } from "./monitoring/history.ts";
import { HistoryStore } from "./monitoring/history_store.ts";
import { EngineWatch, scheduleStates } from "./monitoring/engine_watch.ts";
import { Heartbeat } from "./monitoring/heartbeat.ts";
import { ProviderWatch } from "./monitoring/provider_watch.ts";
import { ServiceMetrics } from "./monitoring/service_metrics.ts";
import { checkSmtp } from "./notifications/email.ts";
import { SystemSampler } from "./monitoring/system.ts";

/** Everything the routes and workers are made of. Closing it closes all of it, in order. */
export interface Services extends AsyncDisposable {
  config: Config;
  clock: Clock;
  log: Logger;
  db: Database;
  cache: CacheService;
  engine: JobEngine;
  scheduler: Scheduler;
  bots: BotStore;
  recorder: Recorder;
  conversations: Conversations;
  responder: Responder;
  embedded: EmbeddedResponder;
  reports: Reports;
  system: SystemSampler;
  health: HealthService;
  healthHistory: HealthHistory;
  history: PerformanceHistory;
  metrics: ServiceMetrics;
  admission: Admission;
  backups: Backups | null;
  auth: Authenticator;
}

export interface OpenOptions {
  log: Logger;
  clock?: Clock;
  /** Whether a person reads standard output. */
  terminal?: boolean;
  print?: (line: string) => void;
  /** Every schedule of the service. */
  schedules?: readonly Schedule[];
}

/**
 * Opens every service of a configuration, in the order they stand on each other. Nothing works
 * yet: register handlers with the engine and start it. Throws AppError `conflict` when another
 * process uses the same DATA_DIR.
 */
export async function openServices(config: Config, options: OpenOptions): Promise<Services> {
  await using stack = new AsyncDisposableStack();
  const { log, clock = systemClock } = options;
  stack.use<DataLock>(await lockDataDir(config.dataDir));
  const file = join(config.dataDir, "pixel.sqlite");
  const db = stack.use(await Database.open({ path: config.kvUrl ?? file }));
  await openSchema(db);

  const cache = stack.use(
    await openCache({
      redisUrl: config.cache.redisUrl,
      prefix: config.cache.prefix,
      clock,
      log,
      defaultTtlSeconds: config.cache.ttlSeconds,
      maxMemoryBytes: config.cache.memoryBytes,
    }),
  );
  const embedded = stack.use(new EmbeddedResponder({ clock, log, signals: false }));
  const asked: CacheableResponder = config.ai.baseUrl
    ? new OpenAIResponder({
      baseUrl: config.ai.baseUrl,
      apiKey: config.ai.apiKey,
      model: config.ai.model!,
      timeoutMs: config.ai.timeoutMs,
      clock,
    })
    : embedded;
  const provider = config.ai.baseUrl ? new ProviderWatch(asked) : null;
  const responder = new CachedResponder(provider ?? asked, { cache });

  const engine = new JobEngine({
    db,
    clock,
    log,
    queues: config.concurrency,
    worker: `worker-${crypto.randomUUID().slice(0, 8)}`,
  });
  const bots = new BotStore({ db, now: () => clock.now() });
  const recorder = new Recorder(db);
  const conversations = new Conversations({
    db,
    clock,
    engine,
    bots,
    ledger: recorder,
    live: () => readLiveMetrics(db.kv),
  });

  const healthHistory = new HealthHistory(db);
  const reports = new Reports({ db, clock, samples: healthHistory, names: bots });
  const system = stack.adopt(
    new SystemSampler({ dataDir: config.dataDir, clock }),
    (sampler) => sampler.close(),
  );
  await system.start();
  const watch = stack.adopt(new EngineWatch(engine), (watch) => watch.close());
  const queues = () => watch.queueLoads();
  const scheduler = new Scheduler({ db, clock, log, engine }, options.schedules ?? []);
  const startedAt = clock.now();
  const mail = config.smtpUrl ? { url: config.smtpUrl, from: config.mailFrom } : null;
  const health = new HealthService({
    system,
    clock,
    checks: standardChecks({
      db,
      system,
      clock,
      queues,
      redis: config.cache.redisUrl ? cache : null,
      schedules: () => scheduleStates(scheduler, startedAt),
      provider: provider ? () => provider.state() : undefined,
      smtp: mail ? () => checkSmtp(mail) : undefined,
    }, {
      ...DEFAULT_THRESHOLDS,
      diskReserveBytes: config.limits.diskReserveBytes,
    }),
  });
  const history = stack.use(
    new PerformanceHistory(
      new HistoryStore(db),
      {
        system,
        cacheLookups: () => cache.stats(),
        outcomes: async () => {
          const live = await reports.liveMetrics();
          return { completed: live.completed, failed: live.failed - live.cancelled };
        },
        load: () => watch.load(),
      },
      log,
      clock,
    ),
  );
  await history.start();
  const metrics = new ServiceMetrics({
    system,
    queues,
    cache: () => cache.stats(),
    conversations: () => conversations.metrics(),
    score: () => history.score(),
  }, clock);
  watch.countInto(metrics);
  const admission = stack.adopt(
    new Admission({
      clock,
      system,
      waiting: () => openJobs(engine),
      backlogLimit: config.limits.backlog,
      diskReserveBytes: config.limits.diskReserveBytes,
    }),
    (admission) => admission.close(),
  );
  admission.start();
  const auth = await Authenticator.open({
    db,
    clock,
    log,
    dataDir: config.dataDir,
    ...config.auth,
    terminal: options.terminal,
    print: options.print,
  });
  if (config.alerts.heartbeatUrl) {
    const report = () => health.report();
    const heartbeat = new Heartbeat({
      url: config.alerts.heartbeatUrl,
      health: report,
      log,
      clock,
    });
    stack.adopt(heartbeat, (heartbeat) => heartbeat.close()).start();
  }
  stack.defer(() => auth.audit.close());
  const backups = config.kvUrl ? null : new Backups(join(config.dataDir, "backups"), file, {
    daily: config.retention.backupsDaily,
    weekly: config.retention.backupsWeekly,
  }, clock);

  const rest = stack.move();
  return {
    config,
    clock,
    log,
    db,
    cache,
    engine,
    scheduler,
    bots,
    recorder,
    conversations,
    responder,
    embedded,
    reports,
    system,
    health,
    healthHistory,
    history,
    metrics,
    admission,
    backups,
    auth,
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  };
}

/** Jobs that have not ended, over all queues. */
async function openJobs(engine: JobEngine): Promise<number> {
  let open = 0;
  for (const { depth } of await engine.queues()) {
    for (const state of ["available", "scheduled", "retrying", "running"]) {
      for (const count of Object.values(depth[state] ?? {})) open += count;
    }
  }
  return open;
}
