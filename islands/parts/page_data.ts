/** What the live pages are made of: rendered on the server, and fetched again by their islands. */
import type { Unanswered } from "../../lib/wire/analytics.ts";
import type { CacheStats } from "../../lib/wire/cache.ts";
import type { Alert } from "../../lib/wire/alerts.ts";
import type { Bot } from "../../lib/wire/bots.ts";
import type { Conversation, ConversationPage } from "../../lib/wire/conversations.ts";
import type { DemoState } from "../../lib/wire/demo.ts";
import type { History } from "../../lib/wire/history.ts";
import type { Schedule } from "../../lib/wire/schedules.ts";
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
  /** The visitor's time zone, "Europe/Berlin"; UTC until their browser has told it. */
  zone: string;
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
  /** The task that failed last; null when none is kept, undefined when it could not be read. */
  failure?: TaskDetail | null;
  /** What the cache saved today: answers, seconds, money; null when it could not be read. */
  saved: Record<string, number | null> | null;
  /** What bots could not answer, most often asked first; null when it could not be read. */
  unanswered: Unanswered[] | null;
  /** The last hour by the minute. */
  history: History | null;
  /** Where this installation is reached, for the commands that it shows. */
  origin: string;
  /** Absent where this is no demo, or not the visitor's to break. */
  demo?: Demo;
}

/** The demo around the service. */
export interface Demo {
  /** Its page, which outlives the service. */
  url: string;
  /** Null where it does not answer. */
  state: DemoState | null;
}

export interface QueueTableData extends LiveData {
  queues: QueueInfo[];
}

export interface TaskRowsData extends LiveData {
  page: TaskPage;
  query: TaskQuery;
}

/** The page of both. Each island is given its own part, so that none is sent twice. */
export type TaskListData = QueueTableData & TaskRowsData;

export interface ConversationListData extends LiveData {
  page: ConversationPage;
  /** Where this page began. */
  cursor?: string;
}

export interface ConversationData extends LiveData {
  conversation: Conversation;
}

export interface CacheData extends LiveData {
  cache: CacheStats | null;
}

export interface ScheduleData extends LiveData {
  schedules: Schedule[];
}

export interface HealthData extends LiveData {
  health: HealthReport | null;
  /** The last hour by the minute. */
  history: History | null;
  /** Null where the service has no alerts. */
  alerts: Alert[] | null;
}

/** A bot's page: what it knows, or null where nobody has defined it. */
export interface BotData {
  botId: string;
  bot: Bot | null;
  operator: boolean;
  csrf: string;
  /** A question that it is to be taught, from a link. */
  teach: string;
}

export interface TaskData extends LiveData {
  task: TaskDetail;
}
