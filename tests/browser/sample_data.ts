/** A plausible Tuesday, written by hand: what the API would answer. */
import type { DailyReport, MonthlyReport, WeeklyReport } from "../../lib/wire/analytics.ts";
import type { CacheStats } from "../../lib/wire/cache.ts";
import type { History } from "../../lib/wire/history.ts";
import type { HealthReport, PerformanceSummary } from "../../lib/wire/system.ts";
import type { ActiveTask, QueueInfo, TaskDetail } from "../../lib/wire/tasks.ts";

/** Tuesday noon: every instant below is told from here. */
export const NOW = Date.parse("2026-03-10T12:00:00Z");
const before = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();

export const health: HealthReport = {
  timestamp: before(2),
  status: "healthy",
  since: before(10_080),
  system: { cpu_percent: 34.2, memory_percent: 61.8, disk_percent: 47 },
  services: { redis_healthy: true, database_healthy: true },
  redis_info: { connected_clients: 6, used_memory_human: "18.4 MB" },
  checks: [
    { name: "database", status: "healthy", detail: "Commits in 0.3 ms" },
    { name: "redis", status: "healthy", detail: "6 clients, 18.4 MB" },
    { name: "disk", status: "healthy", detail: "78.7 GB free, 47% used" },
    { name: "cpu", status: "healthy", detail: "34.2% over the last minute" },
    { name: "backlog", status: "healthy", detail: "14 tasks waiting" },
  ],
};

export const cache: CacheStats = {
  connected: true,
  backend: "redis",
  hit_rate: 73.4,
  hits: 48_211,
  misses: 17_472,
  total_keys: 12_904,
  memory_usage: "18.4 MB",
  memory_bytes: 19_293_798,
  operations_per_second: 41.2,
  uptime_seconds: 273_600,
  last_day: { hits: 9_204, misses: 3_335, hit_rate: 73.4 },
  tiers: [
    {
      name: "process",
      active: true,
      hits: 31_004,
      keys: 2_120,
      bytes: 4_812_320,
      evictions: 0,
      p95_ms: 0.0004,
    },
    {
      name: "redis",
      active: true,
      hits: 17_207,
      keys: 12_904,
      bytes: 19_293_798,
      evictions: 12,
      p95_ms: 0.62,
    },
  ],
  namespaces: [
    { name: "answer", keys: 11_870, hits: 8_911, misses: 3_120, hit_rate: 74.1 },
    { name: "summary", keys: 1_034, hits: 293, misses: 215, hit_rate: 57.7 },
    { name: "session", keys: 0, hits: 0, misses: 0, hit_rate: null },
  ],
};

export const summary: PerformanceSummary = {
  cache_performance: {
    hit_rate: 73.4,
    total_keys: 12_904,
    memory_usage: "18.4 MB",
    operations_per_second: 41.2,
  },
  conversation_metrics: {
    total_conversations: 18_442,
    status_breakdown: { pending: 14, processing: 3, completed: 18_131, failed: 294 },
    success_rate: 98.4,
    timestamp: before(1),
  },
  system_health: { system: health.system, services: health.services },
  active_tasks_count: 3,
  performance_score: 96.7,
  score_terms: [
    { term: "cache_hit_rate", value: 73.4, threshold: 80, points: 3.3 },
  ],
  timestamp: before(1),
};

const active = (task: Partial<ActiveTask> & { task_id: string; name: string }): ActiveTask => ({
  status: "running",
  queue: "conversations",
  priority: "normal",
  worker: "worker-1",
  args: [],
  kwargs: {},
  started_at: before(1),
  attempt: 1,
  progress: 0,
  ...task,
});

export const activeTasks: ActiveTask[] = [
  active({ task_id: "t-run-1", name: "process_conversation", priority: "high" }),
  active({ task_id: "t-run-2", name: "process_conversation", started_at: before(3) }),
  active({
    task_id: "t-run-3",
    name: "generate_report",
    queue: "analytics",
    started_at: before(48),
    progress: 62,
    progress_message: "19 of 31 days",
  }),
];

const queue = (
  name: string,
  waiting: number,
  running: number,
  rest: Partial<QueueInfo> = {},
): QueueInfo => ({
  name,
  depth: {
    total: waiting + running,
    by_status: { queued: waiting, running },
    by_priority: { "5": waiting + running },
  },
  oldest_waiting_seconds: waiting > 0 ? 0.4 : null,
  paused: false,
  throughput_per_second: running * 3.4,
  concurrency: 8,
  latency: { p50: 84, p95: 312, p99: 702 },
  run_time: { p50: 61, p95: 240, p99: 655 },
  ...rest,
});

export const queues: QueueInfo[] = [
  queue("conversations", 14, 2),
  queue("analytics", 0, 1, { latency: { p50: 2_400, p95: 51_000, p99: 64_000 } }),
  queue("default", 0, 0, { latency: { p50: null, p95: null, p99: null } }),
  queue("notifications", 0, 0, { latency: { p50: 190, p95: 820, p99: 1_400 } }),
  queue("maintenance", 0, 0, { latency: { p50: 1_100, p95: 9_300, p99: 9_300 } }),
];

/** The last hour: a load that rises and falls. */
export const history: History = {
  granularity: "minute",
  from: before(3600),
  to: before(0),
  points: Array.from({ length: 60 }, (_, minute) => ({
    at: before((60 - minute) * 60),
    cpu_percent: minute > 20 && minute < 24 ? null : 30 + wave(minute, 12, 7),
    memory_percent: 60 + wave(minute, 2, 23),
    queue_depth: minute < 50 ? 40 : 64 - minute,
  })),
};

/** The last day by the hour; the service was down from three to five in the morning. */
export const day: History = {
  granularity: "hour",
  from: before(86_400),
  to: before(0),
  points: Array.from({ length: 24 }, (_, hour) => ({
    at: before((24 - hour) * 3600),
    score: 92 + wave(hour, 4, 4),
    queue_depth: Math.max(0, Math.round(18 + wave(hour, 16, 3))),
    latency_ms: 280 + wave(hour, 90, 5),
  })).filter((point) => !/T0[34]:/.test(point.at)),
};

function wave(minute: number, height: number, period: number): number {
  return Math.round((height * Math.sin(minute / period) + minute % 3) * 10) / 10;
}

const names = ["process_conversation", "generate_report", "send_webhook", "clean_up_cache"];

/** The n-th newest finished task: every 17th failed. */
export function finishedTask(n: number): TaskDetail {
  const name = names[n % 7 === 3 ? 1 : n % 11 === 5 ? 2 : n % 23 === 8 ? 3 : 0]!;
  const failed = n % 17 === 4;
  return {
    task_id: `01JNZQ${String(90_000 - n)}K7VBRD4M`,
    name,
    status: failed ? "failed" : "completed",
    queue: name === "process_conversation" ? "conversations" : "default",
    priority: n % 9 === 0 ? "high" : "normal",
    attempt: failed ? 5 : 1,
    max_attempts: 5,
    progress: failed ? 0 : 100,
    waiting_because: [],
    error: failed
      ? { code: "timeout", message: "The AI provider did not answer within 30 s" }
      : undefined,
    queued_at: before(20 + n * 9),
    started_at: before(19 + n * 9),
    finished_at: before(18.6 + n * 9),
  };
}

export const tasks: TaskDetail[] = [
  ...activeTasks.map((task) => ({
    ...task,
    max_attempts: 5,
    waiting_because: [],
    queued_at: before((NOW - Date.parse(task.started_at)) / 1000 + 0.2),
  })),
  {
    task_id: "t-wait-1",
    name: "process_conversation",
    status: "retrying",
    queue: "conversations",
    priority: "normal",
    attempt: 2,
    max_attempts: 5,
    progress: 0,
    waiting_because: [],
    error: { message: "The AI provider answered 503" },
    queued_at: before(70),
    started_at: before(40),
  },
  ...Array.from({ length: 136 }, (_, n) => finishedTask(n)),
];

export const waitingTask: TaskDetail = {
  task_id: "t-wait-1",
  name: "process_conversation",
  status: "retrying",
  queue: "conversations",
  priority: "normal",
  attempt: 2,
  max_attempts: 5,
  progress: 0,
  error: { code: "provider_unavailable", message: "The AI provider answered 503: overloaded" },
  queued_at: before(70),
  started_at: before(40),
  waiting_because: [{
    reason: "backoff",
    detail: "attempt 3 of 5 comes next; the last error was: the AI provider answered 503",
    until: new Date(NOW + 45_000).toISOString(),
    action: "hasten",
  }],
  kwargs: { conversation_id: "support-4711", bot_id: "helper", turn: 3 },
};

const frame = (start: string, end: string, partial: boolean) => ({
  period: { start: `${start}T00:00:00Z`, end: `${end}T00:00:00Z` },
  generated_at: before(30),
  data_as_of: before(30),
  partial,
  revision: 1,
});

const bots = [
  { bot_id: "helper", bot_name: "Helper", conversation_count: 1_204, average_satisfaction: 4.31 },
  { bot_id: "billing", bot_name: "Billing", conversation_count: 618, average_satisfaction: 3.87 },
  {
    bot_id: "returns",
    bot_name: "Returns desk",
    conversation_count: 402,
    average_satisfaction: 4.02,
  },
  { bot_id: "travel", bot_name: "Travel", conversation_count: 77, average_satisfaction: null },
  { bot_id: "night", bot_name: "Night shift", conversation_count: 19, average_satisfaction: 4.9 },
];

export const daily = (date: string): DailyReport => ({
  report_type: "daily",
  date,
  ...frame(date, date, date === "2026-03-10"),
  conversation_analytics: {
    total_conversations: 2_320,
    status_breakdown: { pending: 14, processing: 3, completed: 2_262, failed: 41 },
    average_conversation_length: 6.42,
  },
  user_engagement: { active_users: 871, new_users: 132, average_messages_per_user: 17.1 },
  bot_performance: { bot_statistics: bots, total_bots_used: 5 },
  system_performance: {
    average_cpu_usage: 31.4,
    average_memory_usage: 60.2,
    health_reports_count: 48,
  },
});

const perWeekday = [2_104, 2_320, 2_180, 2_412, 1_990, 803, 611];

export const weekly = (monday: string): WeeklyReport => {
  const days = Array.from({ length: 7 }, (_, n) => ({
    date: new Date(Date.parse(`${monday}T00:00:00Z`) + n * 86_400_000).toISOString().slice(0, 10),
    conversations: perWeekday[n]!,
  })).filter((day) => day.date <= "2026-03-10");
  const total = days.reduce((sum, day) => sum + day.conversations, 0);
  return {
    report_type: "weekly",
    week_start: monday,
    ...frame(monday, days.at(-1)?.date ?? monday, days.length < 7),
    aggregated_stats: {
      total_conversations: total,
      total_active_users: 3_108,
      total_new_users: 604,
      daily_average_conversations: total / Math.max(1, days.length),
      days_with_data: days.length,
    },
    conversation_trends: {
      daily_trends: days,
      trend_direction: days.length < 2 ? "insufficient_data" : "increasing",
    },
    user_retention: {
      total_users: 3_108,
      returning_users: 1_915,
      retention_rate: 61.6,
      retained_of_previous_rate: 63.1,
    },
    daily_reports_count: days.length,
  };
};

export const monthly = (month: string): MonthlyReport => ({
  report_type: "monthly",
  month,
  ...frame(`${month}-01`, `${month}-28`, month === "2026-03"),
  monthly_overview: {
    total_conversations: 48_220,
    active_users: 9_140,
    new_users: 2_030,
    conversations_per_user: 5.28,
  },
  growth_metrics: {
    conversation_growth_rate: 12.4,
    user_growth_rate: -1.8,
    current_period: { conversations: 48_220, users: 9_140 },
    previous_period: { conversations: 42_900, users: 9_308 },
  },
  top_performers: {
    top_bots: bots,
    most_active_users: [
      { user_id: "u-20417", conversation_count: 94 },
      { user_id: "u-11090", conversation_count: 71 },
      { user_id: "anna.weiss@example.org", conversation_count: 66 },
      { user_id: "u-30018", conversation_count: 52 },
      { user_id: "u-00721", conversation_count: 49 },
    ],
  },
});
