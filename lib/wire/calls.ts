import type { z } from "@hono/zod-openapi";
import type {
  AlertAnswer,
  AlertList,
  NotificationAnswer,
  NotificationList,
  NotificationsQuery,
  SilenceInput,
} from "./schemas/alerts.ts";
import type {
  DailyAnswer,
  MonthlyAnswer,
  NewReport,
  ReportQuery,
  ReportQueued,
  WeeklyAnswer,
} from "./schemas/analytics.ts";
import type { BackupsAnswer, KeptAnswer } from "./schemas/backups.ts";
import type { BotAnswer, BotDeleted, BotInput, BotList, BotsQuery } from "./schemas/bots.ts";
import type {
  CacheCleared,
  CacheDeleted,
  CacheEntry,
  CacheKeys,
  CacheStatsAnswer,
  ClearBody,
  ClearPattern,
  KeysQuery,
} from "./schemas/cache.ts";
import type {
  BatchQueued,
  BatchStatus,
  ConversationAnswer,
  ConversationClosed,
  ConversationList,
  ConversationReopened,
  ConversationsQuery,
  ConversationStatus,
  FeedbackTaken,
  HandoffTaken,
  ImportanceTaken,
  MetricsAnswer,
  NewBatch,
  NewFeedback,
  NewHandoff,
  NewImportance,
  NewTurn,
  QueueQuery,
  TurnQueued,
  UrgentTurn,
  WaitQuery,
} from "./schemas/conversations.ts";
import type {
  AnomaliesAnswer,
  AnomaliesQuery,
  BusiestAnswer,
  BusiestQuery,
  CompareAnswer,
  CompareQuery,
  RangeAnswer,
  RangeQuery,
  RecountQueued,
  RetentionAnswer,
  RetentionQuery,
  UnansweredAnswer,
  UnansweredQuery,
} from "./schemas/figures.ts";
import type {
  LedgerQuery,
  QueueList,
  QueuePaused,
  QueueProbed,
  ScheduleLedger,
  ScheduleList,
  SchedulePaused,
  ScheduleRun,
} from "./schemas/queues.ts";
import type {
  CleanupInput,
  CleanupQueued,
  HealthAnswer,
  HistoryAnswer,
  HistoryQuery,
  ServiceStopping,
  SummaryAnswer,
} from "./schemas/system.ts";
import type {
  QueueLimitsAnswer,
  QueueLimitsBody,
  TaskAction,
  TaskActionAnswer,
} from "./schemas/task_actions.ts";
import type {
  ActiveTasks,
  ActiveTasksQuery,
  NewTask,
  TaskAnswer,
  TaskCancelled,
  TaskList,
  TaskQueued,
  TasksQuery,
} from "./schemas/tasks.ts";
import type {
  AuditPage,
  AuditQuery,
  NewToken,
  PageQuery,
  SessionList,
  SessionRevoked,
  SignInLink,
  TokenList,
  TokenMade,
  TokenRevoked,
} from "./schemas/tokens.ts";
import type { UserErased } from "./schemas/users.ts";

/**
 * Every call of the API that takes and answers JSON, with the schemas that the server itself checks
 * it by. Only types: nothing of a schema reaches a client's program.
 */
export interface Calls {
  "GET /alerts": { answer: typeof AlertList };
  "POST /alerts/{name}/acknowledge": { answer: typeof AlertAnswer };
  "POST /alerts/{name}/silence": { body: typeof SilenceInput; answer: typeof AlertAnswer };
  "GET /notifications": { query: typeof NotificationsQuery; answer: typeof NotificationList };
  "POST /notifications/{notification_id}/redeliver": { answer: typeof NotificationAnswer };
  "GET /analytics/daily": { query: typeof ReportQuery; answer: typeof DailyAnswer };
  "GET /analytics/weekly": { query: typeof ReportQuery; answer: typeof WeeklyAnswer };
  "GET /analytics/monthly": { query: typeof ReportQuery; answer: typeof MonthlyAnswer };
  "POST /analytics/generate": { body: typeof NewReport; answer: typeof ReportQueued };
  "GET /audit": { query: typeof AuditQuery; answer: typeof AuditPage };
  "GET /bots": { query: typeof BotsQuery; answer: typeof BotList };
  "GET /bots/{bot_id}": { answer: typeof BotAnswer };
  "PUT /bots/{bot_id}": { body: typeof BotInput; answer: typeof BotAnswer };
  "DELETE /bots/{bot_id}": { answer: typeof BotDeleted };
  "GET /cache/stats": { answer: typeof CacheStatsAnswer };
  "POST /cache/clear": {
    query: typeof ClearPattern;
    body: typeof ClearBody;
    answer: typeof CacheCleared;
  };
  "GET /cache/keys": { query: typeof KeysQuery; answer: typeof CacheKeys };
  "GET /cache/key/{key}": { answer: typeof CacheEntry };
  "DELETE /cache/key/{key}": { answer: typeof CacheDeleted };
  "POST /conversations/queue": {
    query: typeof QueueQuery;
    body: typeof NewTurn;
    answer: typeof TurnQueued;
  };
  "POST /conversations/queue/priority": { body: typeof UrgentTurn; answer: typeof TurnQueued };
  "POST /conversations/batch": { body: typeof NewBatch; answer: typeof BatchQueued };
  "GET /conversations/{conversation_id}/status": {
    query: typeof WaitQuery;
    answer: typeof ConversationStatus;
  };
  "GET /conversations/batch/{batch_id}/status": { answer: typeof BatchStatus };
  "GET /conversations": { query: typeof ConversationsQuery; answer: typeof ConversationList };
  "POST /conversations/{conversation_id}/handoff": {
    body: typeof NewHandoff;
    answer: typeof HandoffTaken;
  };
  "POST /conversations/{conversation_id}/close": { answer: typeof ConversationClosed };
  "POST /conversations/{conversation_id}/reopen": { answer: typeof ConversationReopened };
  "POST /conversations/{conversation_id}/importance": {
    body: typeof NewImportance;
    answer: typeof ImportanceTaken;
  };
  "DELETE /users/{user_id}": { answer: typeof UserErased };
  "GET /conversations/metrics": { answer: typeof MetricsAnswer };
  "GET /conversations/{conversation_id}": { answer: typeof ConversationAnswer };
  "POST /conversations/{conversation_id}/feedback": {
    body: typeof NewFeedback;
    answer: typeof FeedbackTaken;
  };
  "GET /analytics/range": { query: typeof RangeQuery; answer: typeof RangeAnswer };
  "GET /analytics/compare": { query: typeof CompareQuery; answer: typeof CompareAnswer };
  "GET /analytics/busiest": { query: typeof BusiestQuery; answer: typeof BusiestAnswer };
  "GET /analytics/anomalies": { query: typeof AnomaliesQuery; answer: typeof AnomaliesAnswer };
  "GET /analytics/retention": { query: typeof RetentionQuery; answer: typeof RetentionAnswer };
  "GET /analytics/unanswered": { query: typeof UnansweredQuery; answer: typeof UnansweredAnswer };
  "POST /analytics/recount": { answer: typeof RecountQueued };
  "GET /queues": { answer: typeof QueueList };
  "PUT /queues/{name}/pause": { answer: typeof QueuePaused };
  "DELETE /queues/{name}/pause": { answer: typeof QueuePaused };
  "GET /schedules": { answer: typeof ScheduleList };
  "POST /schedules/{name}/run": { answer: typeof ScheduleRun };
  "GET /schedules/{name}/ledger": { query: typeof LedgerQuery; answer: typeof ScheduleLedger };
  "PUT /schedules/{name}/pause": { answer: typeof SchedulePaused };
  "DELETE /schedules/{name}/pause": { answer: typeof SchedulePaused };
  "GET /health": { answer: typeof HealthAnswer };
  "GET /performance/summary": { answer: typeof SummaryAnswer };
  "GET /performance/history": { query: typeof HistoryQuery; answer: typeof HistoryAnswer };
  "POST /maintenance/cleanup": {
    query: typeof CleanupInput;
    body: typeof CleanupInput;
    answer: typeof CleanupQueued;
  };
  "GET /maintenance/retention": { answer: typeof KeptAnswer };
  "GET /maintenance/backups": { answer: typeof BackupsAnswer };
  "POST /tasks/actions": { body: typeof TaskAction; answer: typeof TaskActionAnswer };
  "POST /tasks/{task_id}/hasten": { answer: typeof TaskQueued };
  "POST /tasks/{task_id}/discard": { answer: typeof TaskQueued };
  "POST /queues/{name}/probe": { answer: typeof QueueProbed };
  "POST /service/stop": { answer: typeof ServiceStopping };
  "PUT /queues/{name}/limits": { body: typeof QueueLimitsBody; answer: typeof QueueLimitsAnswer };
  "GET /tasks/active": { query: typeof ActiveTasksQuery; answer: typeof ActiveTasks };
  "GET /tasks/{task_id}": { answer: typeof TaskAnswer };
  "DELETE /tasks/{task_id}": { answer: typeof TaskCancelled };
  "POST /tasks/{task_id}/retry": { answer: typeof TaskQueued };
  "POST /tasks": { body: typeof NewTask; answer: typeof TaskQueued };
  "GET /tasks": { query: typeof TasksQuery; answer: typeof TaskList };
  "GET /tokens": { query: typeof PageQuery; answer: typeof TokenList };
  "POST /tokens": { body: typeof NewToken; answer: typeof TokenMade };
  "POST /tokens/{token_id}/rotate": { answer: typeof TokenMade };
  "DELETE /tokens/{token_id}": { answer: typeof TokenRevoked };
  "GET /sessions": { query: typeof PageQuery; answer: typeof SessionList };
  "POST /sessions/link": { answer: typeof SignInLink };
  "DELETE /sessions/{session_id}": { answer: typeof SessionRevoked };
}

export type CallName = keyof Calls;

type NamesIn<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | NamesIn<Rest>
  : never;
type Given<N extends CallName, Part extends string> = Part extends keyof Calls[N]
  ? Calls[N][Part] extends z.ZodType ? z.input<Calls[N][Part]> : never
  : never;

/** What a call takes: names of its path, its query and its body, those that it has. */
export type CallInput<N extends CallName> =
  & ([NamesIn<N>] extends [never] ? { params?: never } : { params: Record<NamesIn<N>, string> })
  & ("query" extends keyof Calls[N]
    ? { query?: { [K in keyof Given<N, "query">]?: Given<N, "query">[K] | number } }
    : { query?: never })
  & ("body" extends keyof Calls[N]
    ? Record<never, never> extends Given<N, "body"> ? { body?: Given<N, "body"> }
    : { body: Given<N, "body"> }
    : { body?: never });

/** What a successful call answers. */
export type CallAnswer<N extends CallName> = z.output<Calls[N]["answer"]>;
