import type { Figures } from "../lib/analytics/figures/figures.ts";
import type { Authenticator } from "../lib/auth/authenticator.ts";
import type { EntryView, KeyPage, KeysOptions } from "../lib/cache/cache.ts";
import type { CacheStats } from "../lib/cache/cache_stats.ts";
import type { Clock } from "../lib/clock.ts";
import type { Config } from "../lib/config/config.ts";
import type { JobEngine } from "../lib/jobs/engine.ts";
import type { EventRing } from "../lib/jobs/event_ring.ts";
import type { ReplyStreams } from "../lib/conversations/reply_streams.ts";
import type { BulkAction, Selection } from "../lib/jobs/matching.ts";
import type { Scheduler } from "../lib/jobs/scheduler.ts";
import type { Database } from "../lib/kv/database.ts";
import type { IdempotencyClaim } from "../lib/kv/idempotency.ts";
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
  /** Throws AppError `overloaded` when `count` more tasks of a priority would be too many to keep. */
  admit(count: number, priority?: number): void;
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

export interface NewTurn {
  conversationId: string;
  userMessage: string;
  botId: string;
  userId: string;
  /** 0–9. */
  priority: number;
  metadata?: Record<string, unknown>;
  callbackUrl?: string;
}

export type TurnResultView = Record<string, unknown> & { response: string };

/** A conversation with its messages; instants are milliseconds UTC, but those of messages. */
export interface ConversationView {
  conversationId: string;
  userId: string;
  botId: string;
  status: "pending" | "processing" | "completed" | "failed";
  startedAt: number;
  queuedAt?: number;
  completedAt?: number;
  satisfaction?: number;
  comment?: string;
  importance?: "low" | "high";
  handoffAt?: number;
  handoffReason?: string;
  closedAt?: number;
  reopened?: number;
  reopenedAt?: number;
  messages: MessageView[];
}

export interface MessageView {
  role: "user" | "assistant";
  content: string;
  /** ISO 8601 UTC. */
  at: string;
  taskId?: string;
  source?: string;
  score?: number;
  cached?: boolean;
  latencyMs?: number;
  model?: string;
  tokens?: { prompt: number; completion: number; total: number; estimated: boolean };
  /** Millionths of the price table's currency. */
  costMicros?: number;
  error?: { code: string; message: string };
  callback?: {
    status: "delivered" | "failed" | "cancelled";
    at: number;
    attempts: number;
    statusCode?: number;
    error?: string;
  };
}

/** A conversation in a list; instants are milliseconds UTC. */
export interface ConversationRowView {
  conversationId: string;
  botId: string;
  userId: string;
  status: "pending" | "processing" | "completed" | "failed";
  startedAt: number;
  storedAt: number;
  turns: number;
  taskId?: string;
  satisfaction?: number;
  importance?: "low" | "high";
  closedAt?: number;
  imported: boolean;
}

export interface ConversationsPort {
  /** By when they were stored here, newest first. */
  list(
    limit: number,
    cursor?: string,
    only?: { important?: boolean },
  ): Promise<{ conversations: ConversationRowView[]; nextCursor?: string }>;
  /**
   * Queues a turn. With a claim, all of it goes through `commitOnce(db, claim, …)`, whose answer
   * is this call's. AppError `conflict` when the conversation has another bot or user. `admit` is
   * asked when nothing else speaks against it, and may throw.
   */
  submit(
    turn: NewTurn,
    claim?: IdempotencyClaim,
    admit?: () => void,
  ): Promise<{ taskId: string; conversationId: string; priority: number }>;
  /** Idempotent by `batchId`; AppError `conflict` for the same id with other content. */
  submitBatch(
    batchId: string | undefined,
    turns: NewTurn[],
    admit?: () => void,
  ): Promise<{ batchId: string; taskIds: string[]; queued: number }>;
  /** Of the latest turn; `result` has the wire's names. */
  status(conversationId: string): Promise<
    {
      conversationId: string;
      /** Absent on an imported conversation, which no task answered. */
      taskId?: string;
      status: "pending" | "processing" | "completed" | "failed";
      priority: number;
      queuedAt: number;
      completedAt?: number;
      result?: TurnResultView;
      error?: { code?: string; message: string };
    } | null
  >;
  /** True once every task of a batch has ended; false after `waitMs` or when the signal aborts. */
  batchSettled(batchId: string, waitMs: number, signal?: AbortSignal): Promise<boolean>;
  batchStatus(batchId: string): Promise<
    {
      batchId: string;
      status: "processing" | "completed" | "completed_with_errors" | "failed";
      total: number;
      completed: number;
      failed: number;
      pending: number;
      createdAt: number;
    } | null
  >;
  metrics(): Promise<{
    total: number;
    breakdown: { pending: number; processing: number; completed: number; failed: number };
    successRate: number | null;
  }>;
  get(conversationId: string): Promise<ConversationView | null>;
  feedback(conversationId: string, score: number, comment?: string): Promise<void>;
  handoff(
    conversationId: string,
    reason?: string,
  ): Promise<{ handoffAt: number; first: boolean }>;
  close(conversationId: string): Promise<{ closedAt: number }>;
  reopen(conversationId: string): Promise<{ reopened: boolean; reopenedAt?: number }>;
  setImportance(conversationId: string, importance: "low" | "normal" | "high"): Promise<void>;
  /** Reads plain lines; an error of the stream itself ends the import with it. */
  importStream(lines: ReadableStream<Uint8Array>): Promise<{
    imported: number;
    skipped: number;
    rejected: { line: number; message: string }[];
    rejectedCount: number;
  }>;
}

export interface BotView {
  botId: string;
  name: string;
  defined: boolean;
  version: number;
  instructions?: string;
  model?: string;
  cache?: "shared" | "user" | "off";
  cacheTtlSeconds?: number;
  dailyBudget?: number;
  knowledge: { question: string; answer: string }[];
  intents: { name: string; examples: string[]; answer: string }[];
  classifier?: { status: string; version: number };
}

export type BotDraft = Omit<BotView, "botId" | "defined" | "version" | "classifier">;

export interface BotsPort {
  get(botId: string): Promise<BotView | null>;
  put(botId: string, bot: BotDraft): Promise<BotView>;
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
