/** What the live pages are made of: rendered on the server, and fetched again by their islands. */
import type { CacheStats } from "../../lib/wire/cache.ts";
import type { History } from "../../lib/wire/history.ts";
import type { HealthReport, PerformanceSummary } from "../../lib/wire/system.ts";
import type {
  ActiveTask,
  QueueInfo,
  TaskDetail,
  TaskPage,
  TaskQuery,
} from "../../lib/wire/tasks.ts";

/** What every live page knows. */
export interface LiveData {
  /** The server's clock when this was read, ms since the epoch. */
  now: number;
  /** May the visitor do things, or only read? */
  operator: boolean;
  /** Goes back with everything that changes something. */
  csrf: string;
}

/** A part that could not be read is null; the others are shown all the same. */
export interface OverviewData extends LiveData {
  summary: PerformanceSummary | null;
  health: HealthReport | null;
  cache: CacheStats | null;
  active: { active_tasks: ActiveTask[]; task_count: number } | null;
  queues: QueueInfo[] | null;
  /** The last hour by the minute. */
  history: History | null;
  /** Where this installation is reached, for the commands that it shows. */
  origin: string;
}

export interface TaskListData extends LiveData {
  page: TaskPage;
  query: TaskQuery;
  queues: QueueInfo[];
}

export interface TaskData extends LiveData {
  task: TaskDetail;
}
