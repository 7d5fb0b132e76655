/** Hand-written answers for the pages of conversations, bots, schedules and health. */
import type { Alert } from "../../lib/wire/alerts.ts";
import type { Unanswered } from "../../lib/wire/analytics.ts";
import type { Bot } from "../../lib/wire/bots.ts";
import type { Conversation, ConversationRow } from "../../lib/wire/conversations.ts";
import type { Schedule, ScheduleTick } from "../../lib/wire/schedules.ts";
import { NOW } from "./sample_data.ts";

const before = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();

const row = (at: number): ConversationRow => ({
  conversation_id: `support-${4711 - at}`,
  user_id: `user-${at % 17}`,
  bot_id: at % 3 === 0 ? "returns" : "travel",
  status: at === 0 ? "processing" : at % 11 === 4 ? "failed" : "completed",
  started_at: before(at * 95),
  stored_at: before(at * 95),
  turns: at % 4 + 1,
  task_id: `t-turn-${at}`,
  ...(at % 5 === 1 ? { satisfaction_score: 4.5 } : {}),
  imported: at > 60,
});

export const conversations: ConversationRow[] = Array.from({ length: 70 }, (_, at) => row(at));

export const conversation: Conversation = {
  conversation_id: "support-4711",
  user_id: "user-0",
  bot_id: "returns",
  status: "completed",
  started_at: before(300),
  updated_at: before(180),
  satisfaction_score: 4.5,
  messages: [
    { role: "user", content: "How do I return a jacket?", at: before(300), task_id: "t-turn-1" },
    {
      role: "assistant",
      content: "Print the label from your order and drop the parcel at any shop.",
      at: before(299.6),
      task_id: "t-turn-1",
      source: "knowledge",
      score: 0.92,
      cached: false,
      latency_ms: 42,
    },
    { role: "user", content: "And without the receipt?", at: before(200), task_id: "t-turn-2" },
    {
      role: "assistant",
      content: "The e-mail address of your order is enough.",
      at: before(199),
      task_id: "t-turn-2",
      source: "llm",
      score: 0.71,
      cached: true,
      latency_ms: 861,
    },
    {
      role: "user",
      content: "<b>Thanks</b>, and in Norway?",
      at: before(182),
      task_id: "t-turn-3",
      error: { code: "provider_unavailable", message: "The AI provider answered 503." },
    },
  ],
};

export const bots: Bot[] = [
  {
    bot_id: "returns",
    name: "Returns desk",
    defined: true,
    version: 7,
    instructions: "Be brief and friendly.",
    cache: "shared",
    knowledge: [
      { question: "How do I return something?", answer: "Print the label from your order." },
      { question: "How long does a refund take?", answer: "Three to five working days." },
    ],
    intents: [{
      name: "greeting",
      examples: ["hello", "good morning"],
      answer: "Hello! What would you like to return?",
    }],
    classifier: { status: "ready", version: 7 },
  },
  {
    bot_id: "travel",
    name: "travel",
    defined: false,
    version: 0,
    knowledge: [],
    intents: [],
    classifier: { status: "none", version: 0 },
  },
];

export const unanswered: Unanswered[] = [
  { question: "Can I return a gift from Norway?", bot_id: "returns", count: 14 },
  { question: "Do you ship to Madeira?", bot_id: "travel", count: 9 },
  { question: "Where is my invoice for the second order?", bot_id: "returns", count: 1 },
];

const schedule = (
  name: string,
  cron: string,
  description: string,
  rest: Partial<Schedule> = {},
) => ({
  name,
  cron,
  description,
  next_run_at: before(-46_800),
  last_run_at: before(39_600),
  last_status: "completed",
  missed: 0,
  paused: false,
  ...rest,
});

export const schedules: Schedule[] = [
  schedule("sweep-conversations", "every 30 s", "find conversations that lost their task", {
    next_run_at: before(-12),
    last_run_at: before(18),
  }),
  schedule("daily-report", "0 1 * * *", "report on yesterday"),
  schedule("weekly-report", "0 2 * * 1", "report on last week", { last_status: "failed" }),
  schedule("monthly-report", "0 3 1 * *", "report on last month", {
    last_run_at: null,
    last_status: null,
    missed: 2,
  }),
  schedule("health-report", "*/15 * * * *", "measure and keep the state of health"),
];

export const alerts: Alert[] = [
  {
    name: "queue-wait",
    title: "Tasks wait too long",
    severity: "critical",
    state: "firing",
    raised: true,
    since: before(240),
    raised_at: before(120),
    value: 74.2,
    threshold: 60,
    detail: "the oldest task of conversations has waited 74 s",
    runbook: "docs/operations.md",
  },
  {
    name: "disk",
    title: "The disk fills up",
    severity: "warning",
    state: "ok",
    raised: false,
    since: before(90_000),
    threshold: 90,
    runbook: "docs/operations.md",
  },
];

export const cacheEntries: Record<string, unknown> = {
  "answer:returns:1": { response: "Print the label from your order.", source: "knowledge" },
  "summary:2026-03-09": "A quiet day.",
};

/** What every entry of the cache has beside its value. */
export const entryFacts = {
  bytes: 1_840,
  created_at: before(620),
  fresh_until: before(-2_980),
  expires_at: before(-2_980),
  cost_ms: 840,
  tags: ["bot:returns"],
};

export const ticks: ScheduleTick[] = [
  {
    tick_at: before(39_600),
    at: before(39_600),
    kind: "fired",
    by: "schedule",
    task_id: "t-1",
    task_status: "completed",
    missed: 0,
  },
  {
    tick_at: before(80_000),
    at: before(80_000),
    kind: "manual",
    by: "ada",
    task_id: "t-2",
    task_status: "failed",
    missed: 0,
  },
  { tick_at: before(126_000), at: before(126_000), kind: "skipped", by: "schedule", missed: 0 },
  {
    tick_at: before(212_400),
    at: before(200_000),
    kind: "backfilled",
    by: "start",
    task_id: "t-3",
    missed: 2,
  },
];

/** What is kept, for how long, and how large that is. */
export const kept = {
  retention: [
    { records: "completed tasks", kept_for: "1 day", variable: "KEEP_COMPLETED_TASKS_HOURS" },
    { records: "audit log", kept_for: "400 days", variable: "KEEP_AUDIT_DAYS" },
    { records: "reports and their rollups", kept_for: "for ever" },
  ],
  database: {
    bytes: 187_695_104,
    reclaimable_bytes: 12_582_912,
    growth_bytes_per_day: 2_411_724,
  },
  bucket: null,
  backups: [{
    name: "pixel-2026-03-18T04-00-00Z.sqlite.zst",
    created_at: "2026-03-18T04:00:00Z",
    compressed_bytes: 31_457_280,
    entries: 812_004,
  }],
};
