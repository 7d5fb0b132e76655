import type { DailyReport, MonthlyReport, WeeklyReport } from "../lib/wire/analytics.ts";
import type { CacheStats } from "../lib/wire/cache.ts";
import type { History, HistoryQuery } from "../lib/wire/history.ts";
import type { HealthReport, PerformanceSummary } from "../lib/wire/system.ts";
import type { ActiveTask, QueueInfo, TaskDetail, TaskPage, TaskQuery } from "../lib/wire/tasks.ts";

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
}

/** What a plain form can do; islands ask the API for the same. */
export interface DashboardActions {
  cancelTask(taskId: string): Promise<void>;
  /** Answers the id of the task that runs again. */
  retryTask(taskId: string): Promise<string>;
  resumeQueue(queue: string): Promise<void>;
  clearCache(pattern: string | undefined): Promise<{ cleared_entries: number; complete?: boolean }>;
  cleanUp(type: string): Promise<{ cleanup_tasks: { type: string; task_id: string }[] }>;
}
