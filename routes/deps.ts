import type { BotDefinition } from "../lib/ai/responder.ts";
import type { Figures } from "../lib/analytics/figures/figures.ts";
import type { Authenticator } from "../lib/auth/authenticator.ts";
import type { EntryView, KeyPage, KeysOptions } from "../lib/cache/cache.ts";
import type { CacheStats } from "../lib/cache/cache_stats.ts";
import type { Clock } from "../lib/clock.ts";
import type { Config } from "../lib/config/config.ts";
import type { JobEngine } from "../lib/jobs/engine.ts";
import type { EventRing } from "../lib/jobs/event_ring.ts";
import type { Conversations } from "../lib/conversations/conversations.ts";
import type { ReplyStreams } from "../lib/conversations/reply_streams.ts";
import type { BulkAction, Selection } from "../lib/jobs/matching.ts";
import type { Scheduler } from "../lib/jobs/scheduler.ts";
import type { Database } from "../lib/kv/database.ts";
import type { WriteSet } from "../lib/kv/write_set.ts";
import type { Logger } from "../lib/log.ts";
import type { Alerts } from "../lib/monitoring/alerts/alerts.ts";
import type { Backups } from "../lib/monitoring/backup.ts";
import type { Bucket } from "../lib/monitoring/bucket.ts";
import type { OffsiteBackups } from "../lib/monitoring/offsite_backups.ts";
import type { DeliveryLog } from "../lib/notifications/delivery_log.ts";
import type { Notifier } from "../lib/notifications/notifier.ts";
import type {
  DailyReport,
  MonthlyReport,
  ReportType,
  WeeklyReport,
} from "../lib/wire/schemas/analytics.ts";
import type {
  CleanupType,
  HealthReport,
  HISTORY_METRICS,
  PerformanceSummary,
} from "../lib/wire/schemas/system.ts";

/** What the API calls. Each port is the part of a service that a request needs, and no more. */
export interface ApiDeps {
  config: Config;
  clock: Clock;
  log: Logger;
  db: Database;
  auth: Authenticator;
  engine: EnginePort;
  events: EventsPort;
  schedules: Pick<Scheduler, "list" | "runNow" | "pause" | "resume" | "ledger">;
  cache: CachePort;
  conversations: ConversationsPort;
  users: UsersPort;
  /** Replies in the making. */
  streams: Pick<ReplyStreams, "listeners" | "subscribe">;
  bots: BotsPort;
  reports: ReportsPort;
  figures: Pick<
    Figures,
    "range" | "compare" | "busiest" | "anomalies" | "retention" | "unanswered"
  >;
  health: { report(): Promise<HealthReport> };
  /** The whole body of `performance_summary`. */
  summary(): Promise<PerformanceSummary>;
  history: HistoryPort;
  work: WorkPort;
  bulk: BulkPort;
  metrics: MetricsPort;
  alerts: AlertsPort;
  notifier: NotifierPort;
  /** Null where the database is no file of ours. */
  backups: BackupsPort | null;
  /** Copies of the backups in a bucket; null where none is configured. */
  offsite: OffsitePort | null;
  /**
   * Throws AppError `overloaded` when `count` more tasks of a priority would be too many to keep; of
   * the service's upkeep a few are taken whatever waits.
   */
  admit(count: number, priority?: number | "upkeep"): void;
  /** Whether requests can be served: the database answers. Redis and AI do not count. */
  ready(): Promise<boolean>;
  /** Aborts when the process begins to stop; ends every wait and every stream. */
  stopping: AbortSignal;
  /** Asks the process to end as on SIGTERM; returns at once. */
  askToStop(): void;
}

/** Where live events are kept, so that they can be read on after a restart. */
export interface EventsPort {
  ring: EventRing<FeedEvent>;
  /** The process before this one was killed: its last events may be missing. */
  broken: boolean;
  /** How often events of other processes are looked for, where several share the database. */
  pollMs?: number;
}

/** What happened, as it goes over the wire. `reset`: some events are not known; read the state anew. */
export interface FeedEvent {
  name: "task" | "queue" | "health" | "alert" | "reset";
  data: Record<string, unknown>;
}

export type EnginePort = Pick<
  JobEngine,
  | "get"
  | "list"
  | "active"
  | "waitingBecause"
  | "cancel"
  | "retry"
  | "hasten"
  | "discard"
  | "limit"
  | "queues"
  | "pause"
  | "resume"
  | "whenEnded"
  | "queueNames"
  | "performs"
  | "worker"
  | "events"
>;

/** The cache as the API shows and clears it. */
export interface CachePort {
  stats(): Promise<CacheStats>;
  /** Looks without counting a lookup; undefined when there is none. */
  inspect(key: string): Promise<EntryView | undefined>;
  keys(pattern?: string, options?: KeysOptions): Promise<KeyPage>;
  delete(key: string): Promise<boolean>;
  clear(
    pattern?: string,
    options?: { waitMs?: number; dryRun?: boolean },
  ): Promise<{ cleared: number; complete: boolean; cursor?: string }>;
}

export type ConversationsPort = Pick<
  Conversations,
  | "list"
  | "submit"
  | "submitBatch"
  | "status"
  | "batchStatus"
  | "batchSettled"
  | "metrics"
  | "get"
  | "feedback"
  | "handoff"
  | "close"
  | "reopen"
  | "setImportance"
  | "importStream"
>;

/** A bot, and how far its training is. */
export interface BotView extends Omit<BotDefinition, "cache"> {
  cache?: BotDefinition["cache"];
  classifier?: { status: string; version: number };
}

export type BotDraft = Omit<BotView, "botId" | "defined" | "version" | "classifier">;

export interface BotsPort {
  get(botId: string): Promise<BotView | null>;
  put(botId: string, bot: BotDraft): Promise<BotView>;
  /** False when nobody defined it; `also` joins the commit. */
  delete(botId: string, also: (tx: WriteSet) => void): Promise<boolean>;
  /** Which of some messages a bot answers from its knowledge by now; null while it is trained. */
  answers(botId: string, messages: string[]): Promise<boolean[] | null>;
  list(cursor: string | undefined, limit: number): Promise<{
    bots: (Omit<BotView, "knowledge" | "intents" | "instructions"> & {
      knowledgeCount: number;
      intentCount: number;
    })[];
    nextCursor?: string;
  }>;
}

export interface UsersPort {
  /** Queues a user's erasure; returns the task. */
  erase(userId: string): Promise<string>;
  /** When the last backup made before `now` is deleted (ms UTC); null where there are none. */
  backupsExpireAt(now: number): Promise<number | null>;
}

export interface ReportsPort {
  /** `date` is any UTC day of the period, `YYYY-MM-DD`. */
  daily(date: string): Promise<DailyReport>;
  weekly(date: string): Promise<WeeklyReport>;
  monthly(date: string): Promise<MonthlyReport>;
}

export type HistoryMetric = (typeof HISTORY_METRICS)[number];

export interface HistoryPort {
  query(query: {
    metrics: HistoryMetric[];
    from: number;
    to: number;
    granularity?: "minute" | "hour";
  }): Promise<{
    granularity: "minute" | "hour";
    from: string;
    to: string;
    points: ({ at: string } & Partial<Record<HistoryMetric, number | null>>)[];
  }>;
}

/** One action on all tasks that fit a filter. */
export interface BulkPort {
  /** How many tasks an action would act on; `capped` when there are more than are counted. */
  count(selection: Selection, action: BulkAction): Promise<{ count: number; capped: boolean }>;
  /** Queues the task that acts on them; its id. */
  enqueue(
    request: Omit<Selection, "state"> & {
      action: BulkAction;
      state?: "available" | "scheduled" | "running" | "retrying" | "failed" | "cancelled";
      rate_per_second?: number;
      by: string;
    },
  ): Promise<string>;
}

/**
 * Tasks that a request asks for. What takes a write set adds the task to it, so that it commits with
 * the request's own changes.
 */
export interface WorkPort {
  report(tx: WriteSet, type: ReportType, range: { start: string; end: string }): string;
  recount(tx: WriteSet): string;
  cleanup(tx: WriteSet, type: CleanupType): { type: string; taskId: string }[];
  /**
   * A task that is performed by POSTing its payload to `url`; where an unfinished task of the
   * queue holds the unique key, that one's id.
   */
  httpTask(
    tx: WriteSet,
    task: { name: string; queue: string; url: string; payload: unknown },
    options: { priority: number; runAt?: number; uniqueKey?: string; maxAttempts?: number },
  ): Promise<string>;
  /** A task that does nothing, in a queue; its id. */
  probe(queue: string): Promise<string>;
  /** Goes on clearing where `cursor` stopped. */
  clearCache(tx: WriteSet, pattern: string | undefined, cursor: string | undefined): string;
}

/** What `/metrics` shows, and what it is told of requests. */
export interface MetricsPort {
  render(): Promise<string>;
  request(method: string, route: string, status: number, seconds: number): void;
}

export type AlertsPort = Pick<Alerts<unknown>, "list" | "acknowledge" | "silence">;

export type NotifierPort = Pick<Notifier, "redeliver"> & { log: Pick<DeliveryLog, "list"> };

export type BackupsPort = Pick<Backups, "list" | "databaseSize">;

export type OffsitePort = Pick<OffsiteBackups, "list"> & { bucket: Pick<Bucket, "address"> };
