import type { Alert } from "../lib/wire/alerts.ts";
import type { Bot, BotInput, BotPage } from "../lib/wire/bots.ts";
import type {
  DailyReport,
  MonthlyReport,
  Unanswered,
  WeeklyReport,
} from "../lib/wire/analytics.ts";
import type { CacheCleared, CacheEntry, CacheKeyPage, CacheStats } from "../lib/wire/cache.ts";
import type { Conversation, ConversationPage, TurnQueued } from "../lib/wire/conversations.ts";
import type { AuditEntry, NewToken, OpenSession, Token, TokenMade } from "../lib/wire/access.ts";
import type {
  Anomalies,
  BusiestHours,
  Comparison,
  RangeMetric,
  RangeReport,
  Retention,
  Span,
} from "../lib/wire/figures.ts";
import type { History, HistoryQuery } from "../lib/wire/history.ts";
import type { Schedule, ScheduleTick } from "../lib/wire/schedules.ts";
import type { HealthReport, Kept, PerformanceSummary } from "../lib/wire/system.ts";
import type {
  ActiveTask,
  QueueInfo,
  QueueLimits,
  TaskDetail,
  TaskPage,
  TaskQuery,
} from "../lib/wire/tasks.ts";

/**
 * Where pages read from, as one visitor may see it: content that the visitor has no right to read
 * is already `[hidden]`. Shapes are those of the API, which is also the usual source (api_data.ts).
 */
export interface DashboardData {
  summary(): Promise<PerformanceSummary>;
  health(): Promise<HealthReport>;
  cacheStats(): Promise<CacheStats>;
  activeTasks(limit: number): Promise<{ active_tasks: ActiveTask[]; task_count: number }>;
  queues(): Promise<QueueInfo[]>;
  history(query: HistoryQuery): Promise<History>;
  tasks(query: TaskQuery): Promise<TaskPage>;
  /** Null when there is no such task. */
  task(taskId: string): Promise<TaskDetail | null>;
  /** `date` "YYYY-MM-DD": the day, or any day of the week or month. */
  daily(date: string): Promise<DailyReport>;
  weekly(date: string): Promise<WeeklyReport>;
  monthly(date: string): Promise<MonthlyReport>;
  /** Newest first. */
  conversations(query: { limit: number; cursor?: string }): Promise<ConversationPage>;
  /** Null when there is no such conversation. */
  conversation(conversationId: string): Promise<Conversation | null>;
  bots(query: { limit: number; cursor?: string }): Promise<BotPage>;
  /** Null when there is no such bot. */
  bot(botId: string): Promise<Bot | null>;
  /** Null when there is no such key. */
  cacheEntry(key: string): Promise<CacheEntry | null>;
  /** Keys that a glob matches. */
  cacheKeys(query: { pattern?: string; limit: number; cursor?: string }): Promise<CacheKeyPage>;
  schedules(): Promise<Schedule[]>;
  /** How a schedule's runs went, newest first; null when there is no such schedule. */
  ledger(name: string, limit: number): Promise<ScheduleTick[] | null>;
  /** Null where the service has no alerts. */
  alerts(): Promise<Alert[] | null>;
  /** What these bots could not answer, most often asked first. */
  unanswered(botIds: string[], limit: number): Promise<Unanswered[]>;
  range(span: Span, granularity: "day" | "hour", metrics: RangeMetric[]): Promise<RangeReport>;
  /** A number of days beside as many before. */
  compare(span: Span, metrics: RangeMetric[]): Promise<Comparison>;
  busiest(span: Span): Promise<BusiestHours>;
  anomalies(span: Span): Promise<Anomalies>;
  retention(
    query: { from: string; to: string; granularity: "day" | "week" | "month" },
  ): Promise<Retention>;
  /** How long everything is kept, and what that takes. */
  kept(): Promise<Kept>;
  /** For administrators; null for others. */
  tokens(): Promise<Token[] | null>;
  sessions(): Promise<OpenSession[] | null>;
  audit(limit: number): Promise<AuditEntry[] | null>;
}

/** What a plain form can do; islands ask the API for the same. */
export interface DashboardActions {
  cancelTask(taskId: string): Promise<void>;
  /** Answers the id of the task that runs again. */
  retryTask(taskId: string): Promise<string>;
  /** Lets a task that waits for its time run at once. */
  hastenTask(taskId: string): Promise<void>;
  pauseQueue(queue: string): Promise<void>;
  resumeQueue(queue: string): Promise<void>;
  /** Sets both of a queue's limits; the one that is absent is as configured. */
  limitQueue(queue: string, limits: QueueLimits): Promise<void>;
  deleteCacheKey(key: string): Promise<boolean>;
  saveBot(botId: string, bot: BotInput): Promise<Bot>;
  /** Asks a bot in a conversation of its own, and waits for the answer. */
  tryBot(botId: string, message: string, conversationId: string): Promise<TurnQueued>;
  /** Answers the id of the task that it became. */
  runSchedule(name: string): Promise<string>;
  pauseSchedule(name: string): Promise<void>;
  resumeSchedule(name: string): Promise<void>;
  /** Its secret is in this answer and nowhere else. */
  makeToken(token: NewToken): Promise<TokenMade>;
  rotateToken(tokenId: string): Promise<TokenMade>;
  revokeToken(tokenId: string): Promise<void>;
  endSession(sessionId: string): Promise<void>;
  acknowledgeAlert(name: string): Promise<void>;
  /** A dry run clears nothing and counts what would be. */
  clearCache(pattern: string | undefined, dryRun?: boolean): Promise<CacheCleared>;
  cleanUp(type: string): Promise<{ cleanup_tasks: { type: string; task_id: string }[] }>;
}
