import type { EmbeddedResponder } from "./ai/embedded_responder.ts";
import type { Responder } from "./ai/responder.ts";
import type { Spending } from "./ai/spending.ts";
import { readLiveMetrics, readTokens } from "./analytics/live.ts";
import { Figures } from "./analytics/figures/figures.ts";
import { Recorder } from "./analytics/recorder.ts";
import { Reports } from "./analytics/reports.ts";
import { UserMonths } from "./analytics/user_months.ts";
import { openAnswering } from "./answering.ts";
import { Authenticator } from "./auth/authenticator.ts";
import { type CacheService, openCache } from "./cache/mod.ts";
import { type Clock, systemClock } from "./clock.ts";
import { type Config, ConfigError } from "./config/config.ts";
import { BotStore } from "./conversations/bot_store.ts";
import { Conversations } from "./conversations/conversations.ts";
import type { ErasureLog } from "./conversations/erasure_log.ts";
import { ReplyStreams } from "./conversations/reply_streams.ts";
import { questionsOf } from "./conversations/transcript.ts";
import { JobEngine } from "./jobs/engine.ts";
import { type Schedule, Scheduler } from "./jobs/scheduler.ts";
import type { JobState } from "./jobs/job.ts";
import type { Database } from "./kv/database.ts";
import type { Logger } from "./log.ts";
import { Alerts } from "./monitoring/alerts/alerts.ts";
import { routeAlerts } from "./monitoring/alerts/routing.ts";
import { type AlertInputs, alertRules } from "./monitoring/alerts/rules.ts";
import { alertInputs } from "./monitoring/alerts/sources.ts";
import { Admission } from "./monitoring/admission.ts";
import type { Backups } from "./monitoring/backup.ts";
import { DEFAULT_THRESHOLDS, standardChecks } from "./monitoring/checks/standard.ts";
import type { FreedPages } from "./monitoring/freed_pages.ts";
import type { OffsiteBackups } from "./monitoring/offsite_backups.ts";
import { readUploadRecord } from "./monitoring/upload_record.ts";
import { firstStart } from "./monitoring/first_start.ts";
import { HealthService } from "./monitoring/health.ts";
import { HealthHistory } from "./monitoring/health_history.ts";
import { PerformanceHistory } from "./monitoring/history.ts";
import { HistoryStore, STEP_MS } from "./monitoring/history_store.ts";
import { EngineWatch, scheduleStates } from "./monitoring/engine_watch.ts";
import { Heartbeat } from "./monitoring/heartbeat.ts";
import { stateOf } from "./monitoring/provider_watch.ts";
import { ServiceMetrics } from "./monitoring/service_metrics.ts";
import { machineOf } from "./monitoring/machine.ts";
import { prepareHandoff } from "./notifications/handoff.ts";
import { Notifier } from "./notifications/notifier.ts";
import { checkSmtp } from "./notifications/email.ts";
import { SystemSampler } from "./monitoring/system.ts";
import { openStorage } from "./storage.ts";

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
  spending: Spending;
  streams: ReplyStreams;
  erasures: ErasureLog;
  reports: Reports;
  figures: Figures;
  system: SystemSampler;
  health: HealthService;
  healthHistory: HealthHistory;
  history: PerformanceHistory;
  metrics: ServiceMetrics;
  admission: Admission;
  backups: Backups | null;
  /** Null where no bucket is configured. */
  offsite: OffsiteBackups | null;
  freedPages: FreedPages | null;
  notifier: Notifier;
  alerts: Alerts<AlertInputs>;
  /** Null without HEARTBEAT_URL. */
  heartbeat: Heartbeat | null;
  auth: Authenticator;
}

/** Between looks at the backlog where each read is paid for. */
const SPARING_MS = 10_000;
/** How long a silent worker keeps its queues where several share a database. */
const LEASE_MS = 15_000;

export interface OpenOptions {
  log: Logger;
  clock?: Clock;
  /** Called when another process has taken this one's queues over. */
  onLost?: () => void;
  /** Whether a person reads standard output. */
  terminal?: boolean;
  print?: (line: string) => void;
  /** Every schedule of the service. */
  schedules?: readonly Schedule[];
  /** Queues beside those of the configuration. */
  queues?: readonly string[];
}

/**
 * Opens every service of a configuration, in the order they stand on each other. Nothing works
 * yet: register handlers with the engine and start it. Throws AppError `conflict` when another
 * process uses the same DATA_DIR.
 */
export async function openServices(config: Config, options: OpenOptions): Promise<Services> {
  await using stack = new AsyncDisposableStack();
  const { log, clock = systemClock } = options;
  const { platform } = config;
  const { db, backups, offsite, freedPages, erasures, ...storage } = stack.use(
    await openStorage(config, { log, clock }),
  );

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
  const bots = new BotStore({ db, now: () => clock.now() });
  const { responder, embedded, providers, spending } = stack.use(
    await openAnswering(config, {
      db,
      cache,
      clock,
      log,
      models: storage.models,
      versionOf: (id) => bots.version(id),
    }),
  );
  const streams = new ReplyStreams();

  const queues = queuesOf(config, options.queues);
  const engine = new JobEngine({
    db,
    clock,
    log,
    queues,
    worker: `worker-${crypto.randomUUID().slice(0, 8)}`,
    leaseMs: config.shared ? LEASE_MS : undefined,
    doorbells: platform.doorbells && config.kvUrl === undefined, // KV Connect has no queues
    serve: servedQueues(config, queues),
    onLost: options.onLost,
  });
  const recorder = new Recorder(db);
  const mail = config.smtpUrl ? { url: config.smtpUrl, from: config.mailFrom } : null;
  const notifier = new Notifier({
    db,
    clock,
    engine,
    webhookUrl: config.alerts.webhookUrl,
    canMail: mail !== null,
  });
  const conversations = new Conversations({
    db,
    clock,
    engine,
    bots,
    ledger: recorder,
    live: () => readLiveMetrics(db.kv),
    onHandoff: (tx, handoff) => prepareHandoff(tx, handoff, notifier, config.alerts.emails),
  });
  const healthHistory = new HealthHistory(db, config.retention.healthReportsMs);
  const users = new UserMonths(db.kv);
  const figures = new Figures({
    db,
    clock,
    users,
    unanswered: recorder.unanswered,
    texts: questionsOf(db.kv),
  });
  const reports = new Reports({ db, clock, samples: healthHistory, names: bots, users });
  const system = stack.adopt(
    new SystemSampler({ dataDir: config.dataDir, clock, machine: machineOf(platform) }),
    (sampler) => sampler.close(),
  );
  await system.start();
  const watch = stack.adopt(new EngineWatch(engine), (watch) => watch.close());
  const loads = () => watch.queueLoads();
  const scheduler = new Scheduler({ db, clock, log, engine }, options.schedules ?? []);
  const startedAt = clock.now();
  const firstStartedAt = await firstStart(db, startedAt);
  const health = new HealthService({
    system,
    clock,
    checks: standardChecks({
      db,
      system,
      clock,
      files: platform.files,
      queues: loads,
      redis: config.cache.redisUrl ? cache : null,
      schedules: () => scheduleStates(scheduler, startedAt),
      provider: providers.length > 0 ? () => stateOf(providers) : undefined,
      smtp: mail ? () => checkSmtp(mail) : undefined,
    }, {
      ...DEFAULT_THRESHOLDS,
      diskReserveBytes: config.limits.diskReserveBytes,
    }),
  });
  const history = stack.use(
    new PerformanceHistory(
      new HistoryStore(db, {
        minute: config.retention.minuteHistoryMs / STEP_MS.minute,
        hour: config.retention.hourHistoryMs / STEP_MS.hour,
      }),
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
    queues: loads,
    cache: () => cache.stats(),
    conversations: () => conversations.metrics(),
    score: () => history.score(),
    alerts: () => alerts.list(),
    storage: storage.databaseBytes
      ? async () => ({
        databaseBytes: await storage.databaseBytes!(),
        newestBackupAt: await backups?.newestAt() ?? null,
        uploadedAt: offsite ? (await readUploadRecord(db.kv)).doneAt : null,
      })
      : undefined,
  }, clock);
  watch.countInto(metrics);
  const admission = stack.adopt(
    new Admission({
      clock,
      log,
      system,
      waiting: () => countJobs(engine, ["available", "scheduled", "retrying", "running"]),
      backlogLimit: config.limits.backlog,
      everyMs: platform.longRunning ? undefined : SPARING_MS,
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
  const { heartbeatUrl } = config.alerts;
  const heartbeat = heartbeatUrl
    ? stack.adopt(
      new Heartbeat({ url: heartbeatUrl, health: () => health.report(), log, clock }),
      (heartbeat) => heartbeat.close(),
    )
    : null;
  if (platform.longRunning) heartbeat?.start();
  stack.defer(() => auth.audit.close());
  const alerts = stack.adopt(
    new Alerts({
      db,
      log,
      clock,
      rules: alertRules({
        ...config.alerts,
        diskReserveBytes: config.limits.diskReserveBytes,
        tokensPerDay: config.ai.tokensPerDay,
      }),
      tell: routeAlerts({
        notifier,
        emails: config.alerts.emails,
        emailFrom: config.alerts.emailSeverity,
        webhookFrom: config.alerts.webhookSeverity,
        publicUrl: config.publicUrl,
      }),
      inputs: () =>
        alertInputs({
          system,
          queues: loads,
          firstStartedAt,
          startedAt,
          now: () => clock.now(),
          rates: () => history.rates(),
          deadLetters: () => countJobs(engine, ["failed"]),
          health: () => health.report(),
          newestBackupAt: async () => await backups?.newestAt(),
          uploads: async () => offsite ? await readUploadRecord(db.kv) : null,
          tokensToday: () => readTokens(db.kv, clock.now()),
          botsOverBudget: () => spending.overBudget(),
        }),
    }),
    (alerts) => alerts.close(),
  );

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
    spending,
    streams,
    erasures,
    reports,
    figures,
    system,
    health,
    healthHistory,
    history,
    metrics,
    admission,
    backups,
    offsite,
    freedPages,
    notifier,
    alerts,
    heartbeat,
    auth,
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  };
}

/** Jobs in any of these states, over all queues. */
async function countJobs(engine: JobEngine, states: JobState[]): Promise<number> {
  let count = 0;
  for (const { depth } of await engine.queues()) {
    for (const state of states) {
      for (const jobs of Object.values(depth[state] ?? {})) count += jobs;
    }
  }
  return count;
}

/** The queues that this process works off; all of them when undefined. */
function servedQueues(
  { workQueues }: Config,
  queues: Record<string, number>,
): readonly string[] | undefined {
  const unknown = workQueues.find((queue) => !Object.hasOwn(queues, queue));
  if (unknown !== undefined) {
    const known = Object.keys(queues).join(", ");
    throw new ConfigError("WORK_QUEUES", `names no queue with ${unknown}; there are ${known}`);
  }
  return workQueues.length > 0 ? workQueues : undefined;
}

/** Every queue with its concurrency; those of a user's own handlers have the default one's. */
function queuesOf({ concurrency }: Config, more: readonly string[] = []): Record<string, number> {
  const own = more.map((queue): [string, number] => [queue, concurrency.default]);
  return { ...Object.fromEntries(own), ...concurrency };
}
