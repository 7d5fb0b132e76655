import assert from "node:assert/strict";
import * as analytics from "../../lib/wire/schemas/analytics.ts";
import * as bots from "../../lib/wire/schemas/bots.ts";
import * as conversations from "../../lib/wire/schemas/conversations.ts";
import * as queues from "../../lib/wire/schemas/queues.ts";
import * as system from "../../lib/wire/schemas/system.ts";
import * as tasks from "../../lib/wire/schemas/tasks.ts";
import { assertHas, BOT, caller, INSTANT } from "../support/contract.ts";
import { dayAhead, dayOf } from "../support/days.ts";
import { TestService } from "../support/service.ts";

Deno.test("the way of a conversation, through every address that shows it", async () => {
  await using service = await TestService.start();
  const call = caller(service);

  const { bot } = await call(bots.BotAnswer, "PUT", "/bots/bakery", BOT);
  assertHas(
    bot,
    "bot_id",
    "name",
    "knowledge",
    "intents",
    "classifier.status",
    "classifier.version",
  );
  assert.equal(bot.defined, true);
  const { bot: stored } = await call(bots.BotAnswer, "GET", "/bots/bakery");
  assert.deepEqual({ ...stored, classifier: null }, { ...bot, classifier: null });

  const turn = {
    conversation_id: "shop/1:a",
    bot_id: "bakery",
    user_id: "ada",
    user_message: "When do you open?",
    metadata: { channel: "web" },
  };
  const queued = await call(conversations.TurnQueued, "POST", "/conversations/queue", turn, {
    prefer: "wait=20",
  });
  assert.equal(queued.conversation_id, turn.conversation_id);
  assert.equal(queued.priority, "normal");
  const { result } = queued;
  assert.ok(result, "an answer was waited for");
  assert.equal(result.response, "At 6:30.");
  assert.equal(result.source, "knowledge");
  assert.equal(result.bot_id, "bakery");
  assert.deepEqual(result.metadata, { channel: "web" });
  assert.ok(result.score > 0.5 && result.score <= 1);
  assertHas(result, "intent", "cached", "latency_ms");
  assert.match(result.processed_at, INSTANT);

  const id = encodeURIComponent(turn.conversation_id);
  const { conversation_status: status } = await call(
    conversations.ConversationStatus,
    "GET",
    `/conversations/${id}/status`,
  );
  assert.equal(status.status, "completed");
  assert.equal(status.task_id, queued.task_id);
  assert.deepEqual(status.result, result);
  assert.ok(status.queued_at <= status.completed_at!);

  const { conversation } = await call(
    conversations.ConversationAnswer,
    "GET",
    `/conversations/${id}`,
  );
  assert.deepEqual(
    conversation.messages.map(({ role, content }) => [role, content]),
    [["user", "When do you open?"], ["assistant", "At 6:30."]],
  );
  assert.equal(conversation.user_id, "ada");

  const { task_status: task } = await call(tasks.TaskAnswer, "GET", `/tasks/${queued.task_id}`);
  assert.equal(task.status, "completed");
  assert.equal(task.queue, "conversations");
  assert.equal(task.priority, "normal");
  assert.equal(task.attempt, 1);
  assert.deepEqual(conversations.TurnResult.parse(task.result), result);
  assert.deepEqual(task.waiting_because, []);
  assertHas(task, "name", "max_attempts", "progress", "queued_at", "started_at", "finished_at");
  const listed = await call(tasks.TaskList, "GET", "/tasks?queue=conversations&status=completed");
  assert.deepEqual(listed.tasks.map(({ task_id }) => task_id), [queued.task_id]);
  assert.equal((await call(tasks.ActiveTasks, "GET", "/tasks/active")).task_count, 0);

  await call(conversations.FeedbackTaken, "POST", `/conversations/${id}/feedback`, {
    satisfaction_score: 4.5,
  });
  const { metrics } = await call(conversations.MetricsAnswer, "GET", "/conversations/metrics");
  assert.deepEqual(metrics.status_breakdown, {
    pending: 0,
    processing: 0,
    completed: 1,
    failed: 0,
  });
  assert.equal(metrics.total_conversations, 1);
  assert.equal(metrics.success_rate, 100);

  const day = conversation.started_at.slice(0, 10);
  const { analytics: daily } = await call(
    analytics.DailyAnswer,
    "GET",
    `/analytics/daily?date=${day}`,
  );
  assert.equal(daily.conversation_analytics.total_conversations, 1);
  assert.equal(daily.conversation_analytics.average_conversation_length, 2);
  assert.equal(daily.user_engagement.active_users, 1);
  assert.equal(daily.user_engagement.new_users, 1);
  assert.deepEqual(daily.bot_performance.bot_statistics, [
    {
      bot_id: "bakery",
      bot_name: "Bakery",
      conversation_count: 1,
      average_satisfaction: 4.5,
      scores: 1,
    },
  ]);
  assertHas(daily, "data_as_of", "revision", "generated_at", "period.start", "period.end");
  assertHas(
    daily,
    "system_performance.average_cpu_usage",
    "system_performance.health_reports_count",
  );
  assert.equal(daily.partial, true);

  const { analytics: weekly } = await call(
    analytics.WeeklyAnswer,
    "GET",
    `/analytics/weekly?date=${day}`,
  );
  assert.equal(weekly.aggregated_stats.total_conversations, 1);
  assertHas(weekly, "week_start", "daily_reports_count", "user_retention.retention_rate");
  assertHas(weekly, "conversation_trends.trend_direction", "user_retention.returning_users");
  const { analytics: monthly } = await call(
    analytics.MonthlyAnswer,
    "GET",
    `/analytics/monthly?date=${day}`,
  );
  assert.equal(monthly.month, day.slice(0, 7));
  assert.equal(monthly.monthly_overview.conversations_per_user, 1);
  assert.deepEqual(monthly.top_performers.most_active_users, [
    { user_id: "ada", conversation_count: 1 },
  ]);
  assertHas(monthly, "growth_metrics.conversation_growth_rate", "growth_metrics.user_growth_rate");
  assertHas(monthly, "growth_metrics.previous_period.users");

  const { queues: overview } = await call(queues.QueueList, "GET", "/queues");
  assert.deepEqual(overview.map(({ name }) => name).toSorted(), [
    "analytics",
    "conversations",
    "default",
    "maintenance",
    "notifications",
  ]);
  const { performance_summary: summary } = await call(
    system.SummaryAnswer,
    "GET",
    "/performance/summary",
  );
  assert.equal(summary.conversation_metrics.total_conversations, 1);
  const numbers = JSON.stringify([
    summary.cache_performance,
    summary.system_health,
    summary.performance_score,
    summary.active_tasks_count,
  ]);
  assert.ok(!numbers.includes("null"), numbers);
});

Deno.test("a bot that nobody defined is accepted, knows nothing, and is listed", async () => {
  await using service = await TestService.start();
  const call = caller(service);
  await dayAhead(60_000);
  const { result } = await call(conversations.TurnQueued, "POST", "/conversations/queue/priority", {
    conversation_id: "c",
    bot_id: "nobody's",
    user_message: "Are you there?",
  }, { prefer: "wait=20" });
  assert.equal(result!.source, "none");
  assert.notEqual(result!.response.trim(), "");
  const { bots: rows } = await call(bots.BotList, "GET", "/bots");
  assert.deepEqual(rows.map(({ bot_id, name, defined }) => ({ bot_id, name, defined })), [
    { bot_id: "nobody's", name: "nobody's", defined: false },
  ]);
  const { analytics: daily } = await call(
    analytics.DailyAnswer,
    "GET",
    `/analytics/daily?date=${dayOf(Date.now())}`,
  );
  assert.equal(daily.conversation_analytics.status_breakdown.completed, 1);
});
