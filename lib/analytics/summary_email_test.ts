import assert from "node:assert/strict";
import type { DailyReport } from "./daily_report.ts";
import { summaryEmail } from "./summary_email.ts";
import type { WeeklyReport } from "./weekly_report.ts";

const frame = {
  period: { start: "2026-03-02T00:00:00.000Z", end: "2026-03-03T00:00:00.000Z" },
  generated_at: "2026-03-03T08:00:00.000Z",
  data_as_of: "2026-03-03T08:00:00.000Z",
  partial: false,
  revision: 2,
};

const daily: DailyReport = {
  report_type: "daily",
  date: "2026-03-02",
  ...frame,
  conversation_analytics: {
    total_conversations: 1_234,
    status_breakdown: { pending: 4, processing: 0, completed: 1_200, failed: 30 },
    average_conversation_length: 3.5,
  },
  user_engagement: { active_users: 90, new_users: 12, average_messages_per_user: null },
  bot_performance: {
    bot_statistics: [
      {
        bot_id: "a",
        bot_name: "<b>Shop</b>\r\nBcc: x",
        conversation_count: 1_000,
        average_satisfaction: 4.5,
        scores: 3,
      },
      {
        bot_id: "b",
        bot_name: "FAQ",
        conversation_count: 234,
        average_satisfaction: null,
        scores: 0,
      },
    ],
    total_bots_used: 2,
  },
  system_performance: {
    average_cpu_usage: 12.5,
    average_memory_usage: null,
    health_reports_count: 96,
  },
};

const weekly: WeeklyReport = {
  report_type: "weekly",
  week_start: "2026-03-02",
  ...frame,
  aggregated_stats: {
    total_conversations: 1,
    total_active_users: 1,
    total_new_users: 0,
    daily_average_conversations: 0.5,
    days_with_data: 1,
  },
  conversation_trends: {
    daily_trends: [
      { date: "2026-03-02", conversations: 0 },
      { date: "2026-03-03", conversations: 1 },
    ],
    trend_direction: "increasing",
    trend_slope: { value: 1, percent: 200, n: 2 },
  },
  user_retention: {
    total_users: 1,
    returning_users: 0,
    retention_rate: 0,
    retained_of_previous_rate: null,
    previous_users: 0,
  },
  daily_reports_count: 2,
};

Deno.test("a daily summary says the same in HTML and in text, and loads nothing", () => {
  const { subject, html, text } = summaryEmail(daily);
  assert.equal(subject, "Daily summary 2026-03-02: 1,234 conversations");
  for (const part of ["1,234", "1,200", "90, 12 of them new", "12.5%", "no data", "FAQ"]) {
    assert.ok(html.includes(part), part);
    assert.ok(text.includes(part), part);
  }
  assert.ok(html.includes("&lt;b&gt;Shop&lt;/b&gt; Bcc: x") && !html.includes("<b>"));
  assert.doesNotMatch(html, /https?:|src=|<script|<link/);
  assert.match(text, /<b>Shop<\/b> Bcc: x {2}#{30} {2}1000, satisfaction 4.5/);
  assert.match(text, /FAQ +#{7} +234\n/);
  assert.ok(html.includes("width:240px;height") && html.includes("width:56px;height"));
});

Deno.test("a weekly report shows its days, trend and retention", () => {
  const { subject, html, text } = summaryEmail({ ...weekly, partial: true });
  assert.equal(subject, "Weekly report week of 2026-03-02: 1 conversation so far");
  assert.ok(text.includes("rising (+1 a day, +200%)"));
  assert.match(text, /Mon 2026-03-02 +0\nTue 2026-03-03 {2}#{30} {2}1\n/);
  assert.ok(text.includes("Of the week before's users, back  no data"));
  assert.ok(html.includes("Tue 2026-03-03"));
});

Deno.test("a summary of nothing is whole", () => {
  const nothing = { bot_statistics: [], total_bots_used: 0 };
  const { html, text } = summaryEmail({ ...daily, bot_performance: nothing });
  assert.ok(!html.includes("by bot") && !text.includes("by bot"));
  const none = { ...weekly.conversation_trends, trend_slope: { value: null, percent: null, n: 0 } };
  assert.ok(summaryEmail({ ...weekly, conversation_trends: none }).text.includes("rising\n"));
});
