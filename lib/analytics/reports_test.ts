import assert from "node:assert/strict";
import { FakeClock } from "../clock.ts";
import { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import type { FinishedFact, ImportedFact } from "./facts.ts";
import { Recorder } from "./recorder.ts";
import { Reports } from "./reports.ts";
import { UserMonths } from "./user_months.ts";

const sanitize = { sanitizeOps: true, sanitizeResources: true };
const NOW = "2026-03-05T10:00:00Z"; // a Thursday

/** A database with a recorder and reports, and short ways to say what happened. */
async function open(parts: { names?: Record<string, string>; now?: string } = {}) {
  const db = await Database.open({ path: ":memory:" });
  const recorder = new Recorder(db);
  const clock = new FakeClock(Date.parse(parts.now ?? NOW));
  const asked: [string, string][] = [];
  const reports = new Reports({
    db,
    clock,
    users: new UserMonths(db.kv),
    samples: {
      average(from, to) {
        asked.push([new Date(from).toISOString(), new Date(to).toISOString()]);
        return Promise.resolve({ cpu: 12.345, memory: null, reports: 3 });
      },
    },
    names: { nameOf: (id) => Promise.resolve(parts.names?.[id]) },
  });
  let n = 0;
  const conversation = (at: string, user: string, bot = "faq") => ({
    conversationId: `c${n++}`,
    userId: user,
    botId: bot,
    startedAt: Date.parse(at),
  });
  const commit = async (fill: (tx: WriteSet) => Promise<void>) => {
    const tx = new WriteSet();
    await fill(tx);
    assert.equal(tx.checks.length, 0);
    assert.equal(await db.commit(tx), true);
  };
  return {
    db,
    recorder,
    reports,
    clock,
    asked,
    conversation,
    commit,
    /** A conversation of one turn that was answered a second later. */
    async answered(at: string, user: string, bot?: string, more: Partial<FinishedFact> = {}) {
      const fact = { ...conversation(at, user, bot), at: Date.parse(at) };
      await commit((tx) =>
        recorder.submitted(tx, { ...fact, first: true, from: null, live: true })
      );
      await commit((tx) =>
        recorder.finished(tx, {
          ...fact,
          at: fact.at + 1_000,
          turn: 1,
          queuedAt: fact.at,
          processingAt: fact.at + 10,
          outcome: "completed",
          from: "pending",
          to: "completed",
          messages: 1,
          attempts: 1,
          question: "?",
          ...more,
        })
      );
      return fact;
    },
    async imported(at: string, user: string, more: Partial<ImportedFact> = {}) {
      const fact = conversation(at, user, more.botId);
      await commit((tx) =>
        recorder.imported(tx, [{
          ...fact,
          endedAt: fact.startedAt,
          status: "completed",
          satisfaction: null,
          messages: 4,
          userMessages: 2,
          ...more,
        }])
      );
    },
    [Symbol.asyncDispose]: () => db.close(),
  };
}

Deno.test("a day, by hand", sanitize, async () => {
  await using world = await open({ names: { faq: "Questions" } });
  // Two conversations of ann (one with a second turn that failed), one of bob, one unanswered yet.
  const first = await world.answered("2026-03-04T00:00:00Z", "ann");
  await world.commit((tx) =>
    world.recorder.submitted(tx, {
      ...first,
      at: first.at + 60_000,
      first: false,
      from: "completed",
      live: true,
    })
  );
  await world.commit((tx) =>
    world.recorder.finished(tx, {
      ...first,
      at: first.at + 70_000,
      turn: 2,
      queuedAt: first.at + 60_000,
      processingAt: null,
      outcome: "failed",
      from: "pending",
      to: "failed",
      messages: 0,
      attempts: 5,
      question: "?",
    })
  );
  const second = await world.answered("2026-03-04T12:00:00Z", "ann", "orders");
  await world.answered("2026-03-04T23:59:59.999Z", "bob");
  const waiting = world.conversation("2026-03-04T13:00:00Z", "cy");
  await world.commit((tx) =>
    world.recorder.submitted(tx, {
      ...waiting,
      at: waiting.startedAt,
      first: true,
      from: null,
      live: true,
    })
  );
  await world.answered("2026-03-05T00:00:00Z", "dee"); // the next day
  for (const [score, before] of [[1, null], [4, 1]] as const) {
    await world.commit((tx) =>
      world.recorder.scored(tx, { ...first, score, before, at: first.at })
    );
  }
  await world.commit((tx) =>
    world.recorder.scored(tx, { ...second, score: 10 / 3, before: null, at: second.at })
  );
  await world.imported("2026-03-03T09:00:00Z", "ann", { botId: "orders", botName: "Orders!" });

  const { generated_at, data_as_of, ...report } = await world.reports.daily();
  assert.equal(generated_at, "2026-03-05T10:00:00.000Z");
  assert.equal(data_as_of, "2026-03-05T10:00:00.000Z");
  assert.deepEqual(report, {
    report_type: "daily",
    date: "2026-03-04",
    period: { start: "2026-03-04T00:00:00.000Z", end: "2026-03-05T00:00:00.000Z" },
    conversation_analytics: {
      total_conversations: 4,
      status_breakdown: { pending: 1, processing: 0, completed: 2, failed: 1 },
      average_conversation_length: 2, // (3 + 2 + 2 + 1) ÷ 4
    },
    user_engagement: { active_users: 3, new_users: 2, average_messages_per_user: 2.67 },
    bot_performance: {
      bot_statistics: [
        {
          bot_id: "faq",
          bot_name: "Questions",
          conversation_count: 3,
          average_satisfaction: 4,
          scores: 1,
        },
        {
          bot_id: "orders",
          bot_name: "Orders!",
          conversation_count: 1,
          average_satisfaction: 3.33,
          scores: 1,
        },
      ],
      total_bots_used: 2,
    },
    system_performance: {
      average_cpu_usage: 12.35,
      average_memory_usage: null,
      health_reports_count: 3,
    },
    partial: false,
    revision: 1,
  });
  assert.deepEqual(world.asked, [["2026-03-04T00:00:00.000Z", "2026-03-05T00:00:00.000Z"]]);
});

Deno.test("a week and a month, by hand", sanitize, async () => {
  await using world = await open({ now: "2026-03-20T00:00:00Z" });
  // ann and bob in the week from 2 March, ann, cy and dee in the one from 9 March.
  await world.answered("2026-03-03T08:00:00Z", "ann");
  await world.answered("2026-03-08T23:00:00Z", "bob");
  await world.answered("2026-03-09T00:00:00Z", "ann");
  await world.answered("2026-03-09T01:00:00Z", "ann");
  await world.answered("2026-03-13T01:00:00Z", "cy", "b");
  await world.answered("2026-03-14T01:00:00Z", "dee", "b");
  await world.answered("2026-03-15T01:00:00Z", "dee", "a");
  await world.imported("2026-02-28T23:00:00Z", "cy");

  const week = await world.reports.weekly();
  assert.equal(week.week_start, "2026-03-09");
  assert.deepEqual(week.aggregated_stats, {
    total_conversations: 5,
    total_active_users: 3,
    total_new_users: 1,
    daily_average_conversations: 0.71,
    days_with_data: 4,
  });
  assert.deepEqual(
    week.conversation_trends.daily_trends.map((day) => day.conversations),
    [2, 0, 0, 0, 1, 1, 1],
  );
  assert.equal(week.conversation_trends.daily_trends[6]!.date, "2026-03-15");
  assert.equal(week.conversation_trends.trend_direction, "increasing"); // 0.67 a day, then 0.75
  assert.deepEqual(week.user_retention, {
    total_users: 3,
    returning_users: 1,
    retention_rate: 33.33,
    retained_of_previous_rate: 50,
    previous_users: 2,
  });
  assert.equal(week.daily_reports_count, 7);

  const running = await world.reports.weekly("2026-03-20");
  assert.equal(running.partial, true);
  assert.equal(running.daily_reports_count, 5);
  assert.equal(running.user_retention.retention_rate, null);
  assert.equal(running.user_retention.retained_of_previous_rate, 0);

  const month = await world.reports.monthly("2026-03-31");
  assert.equal(month.month, "2026-03");
  assert.deepEqual(month.monthly_overview, {
    total_conversations: 7,
    active_users: 4,
    new_users: 3,
    conversations_per_user: 1.75,
  });
  assert.deepEqual(month.growth_metrics, {
    conversation_growth_rate: null, // the only one of February came after the 20th
    user_growth_rate: null,
    current_period: { conversations: 7, users: 4 },
    previous_period: { conversations: 0, users: 0 },
    basis: "equal_elapsed",
    previous_end: "2026-02-20T00:15:00.000Z",
  });
  assert.deepEqual(
    month.top_performers.top_bots.map((bot) => [bot.bot_id, bot.conversation_count]),
    [["faq", 4], ["b", 2], ["a", 1]],
  );
  assert.deepEqual(month.top_performers.most_active_users, [
    { user_id: "ann", conversation_count: 3 },
    { user_id: "dee", conversation_count: 2 },
    { user_id: "bob", conversation_count: 1 },
    { user_id: "cy", conversation_count: 1 },
  ]);
  const february = await world.reports.monthly();
  assert.equal(february.month, "2026-02");
  assert.equal(february.growth_metrics.conversation_growth_rate, null);
});

Deno.test("a month that runs is compared with as much of the month before", sanitize, async () => {
  await using world = await open({ now: "2026-03-20T12:03:00Z" });
  const growth = async () => (await world.reports.monthly("2026-03-01")).growth_metrics;
  await world.answered("2026-02-01T00:00:00Z", "ann");
  await world.answered("2026-02-20T12:14:59Z", "bob");
  await world.answered("2026-02-20T12:15:00Z", "cy");
  await world.answered("2026-02-28T10:00:00Z", "dee");
  for (const user of ["ann", "bob", "cy"]) await world.answered("2026-03-20T11:59:00Z", user);
  assert.deepEqual(await growth(), {
    conversation_growth_rate: 50,
    user_growth_rate: 50,
    current_period: { conversations: 3, users: 3 },
    previous_period: { conversations: 2, users: 2 },
    basis: "equal_elapsed",
    previous_end: "2026-02-20T12:15:00.000Z",
  });
  // 30 days of March: February has fewer, and is compared as a whole.
  world.clock.advance(10 * 24 * 3_600_000);
  assert.deepEqual((await growth()).previous_period, { conversations: 4, users: 4 });
  assert.equal((await growth()).previous_end, "2026-03-01T00:00:00.000Z");
  world.clock.advance(2 * 24 * 3_600_000);
  assert.equal((await growth()).basis, "whole");
  assert.equal((await growth()).conversation_growth_rate, -25);
});

Deno.test("late data makes a stored report again and raises its revision", sanitize, async () => {
  await using world = await open();
  await world.answered("2026-03-04T10:00:00Z", "ann");
  const first = await world.reports.daily("2026-03-04");
  assert.equal(first.revision, 1);
  world.clock.advance(60_000);
  const again = await world.reports.daily("2026-03-04");
  assert.equal(again.generated_at, first.generated_at);
  assert.equal(again.data_as_of, "2026-03-05T10:01:00.000Z");
  assert.equal(world.asked.length, 1);

  await world.imported("2026-03-04T11:00:00Z", "bob");
  const late = await world.reports.daily("2026-03-04");
  assert.equal(late.revision, 2);
  assert.equal(late.generated_at, "2026-03-05T10:01:00.000Z");
  assert.equal(late.conversation_analytics.total_conversations, 2);

  // Another day's data leaves it alone; a user seen earlier than known does not.
  await world.answered("2026-03-05T09:00:00Z", "cy");
  assert.equal((await world.reports.daily("2026-03-04")).revision, 2);
  await world.imported("2026-02-01T11:00:00Z", "bob");
  const moved = await world.reports.daily("2026-03-04");
  assert.equal(moved.revision, 3);
  assert.equal(moved.user_engagement.new_users, 1);

  const forced = await world.reports.rebuild("daily", "2026-03-04");
  assert.equal(forced.revision, 3);
  const today = await world.reports.daily("2026-03-05");
  assert.deepEqual([today.partial, today.revision], [true, 1]);
});

Deno.test("a report that says the same as before keeps its revision", sanitize, async () => {
  await using world = await open();
  const turn = await world.answered("2026-03-04T10:00:00Z", "ann");
  const first = await world.reports.daily("2026-03-04");
  const { userId, botId, startedAt } = turn;
  const revived = { userId, botId, startedAt, live: true, from: "completed" } as const;
  await world.commit((tx) => world.recorder.revived(tx, revived));
  await world.commit((tx) =>
    world.recorder.finished(tx, {
      ...turn,
      at: turn.at + 5_000,
      turn: 1,
      queuedAt: turn.at,
      processingAt: turn.at,
      outcome: "completed",
      from: "pending",
      to: "completed",
      messages: 0,
      attempts: 1,
    })
  );
  world.clock.advance(1_000);
  const { generated_at, data_as_of: _a, ...again } = await world.reports.daily("2026-03-04");
  assert.equal(generated_at, "2026-03-05T10:00:01.000Z", "it was made again");
  const { generated_at: _g, data_as_of: _d, ...rest } = first;
  assert.deepEqual(again, rest);
});

Deno.test("a month's report shows the year that ends with it, and no more", sanitize, async () => {
  await using world = await open({ now: "2026-04-05T10:00:00Z" });
  await world.imported("2026-03-04T10:00:00Z", "ann", { satisfaction: 4 });
  await world.imported("2025-04-01T00:00:00Z", "ann", { satisfaction: 2, botId: "other" });
  await world.imported("2025-03-31T23:59:59Z", "bob");
  const report = await world.reports.monthly("2026-03-01");
  const { months } = report.long_term_trends;
  assert.equal(months.length, 12);
  assert.deepEqual(months.map(({ conversations }) => conversations), [
    1,
    ...Array.from({ length: 10 }, () => 0),
    1,
  ]);
  assert.deepEqual([months[0]!.average_satisfaction, months[11]!.average_satisfaction], [2, 4]);
  assert.equal(report.revision, 1);

  // Months outside leave it alone, also the one before the year; those within make it again.
  world.clock.advance(1_000);
  await world.imported("2026-04-04T10:00:00Z", "cy");
  await world.imported("2025-03-20T10:00:00Z", "dee");
  const kept = await world.reports.monthly("2026-03-01");
  assert.equal(kept.generated_at, report.generated_at);
  await world.imported("2025-10-01T10:00:00Z", "eve");
  const late = await world.reports.monthly("2026-03-01");
  assert.equal(late.revision, 2);
  assert.equal(late.long_term_trends.months[6]!.conversations, 1);
  const again = await world.reports.monthly("2026-03-01");
  assert.equal(again.generated_at, late.generated_at);
});

Deno.test("a report too large for one value is made again each time", sanitize, async () => {
  await using world = await open();
  const facts = Array.from({ length: 400 }, (_, i): ImportedFact => ({
    ...world.conversation("2026-03-04T10:00:00Z", "ann", `bot ${i} ${"x".repeat(100)}`),
    endedAt: 0,
    status: "completed",
    satisfaction: 5,
    messages: 2,
    userMessages: 1,
  }));
  for (let i = 0; i < facts.length; i += 100) {
    await world.commit((tx) => world.recorder.imported(tx, facts.slice(i, i + 100)));
  }
  for (let i = 0; i < 2; i++) {
    const report = await world.reports.daily();
    assert.equal(report.bot_performance.total_bots_used, 400);
    assert.equal(report.bot_performance.bot_statistics[0]!.conversation_count, 1);
    assert.equal(report.revision, 1);
  }
});

Deno.test("the average of a running week is that of its days so far", sanitize, async () => {
  await using world = await open({ now: "2026-03-18T12:00:00Z" });
  await world.answered("2026-03-16T08:00:00Z", "ann");
  await world.answered("2026-03-18T08:00:00Z", "bob");
  await world.imported("2026-03-21T08:00:00Z", "cy");
  const { aggregated_stats: stats } = await world.reports.weekly("2026-03-18");
  assert.equal(stats.total_conversations, 3);
  assert.equal(stats.daily_average_conversations, 0.67);
});

Deno.test("a period without anything has nulls, not zeros, for means", sanitize, async () => {
  await using world = await open();
  const day = await world.reports.daily("2020-01-01");
  assert.equal(day.conversation_analytics.average_conversation_length, null);
  assert.equal(day.user_engagement.average_messages_per_user, null);
  assert.deepEqual(day.bot_performance, { bot_statistics: [], total_bots_used: 0 });
  const month = await world.reports.monthly("2020-01-01");
  assert.equal(month.monthly_overview.conversations_per_user, null);
  assert.equal(month.growth_metrics.user_growth_rate, null);
  const future = await world.reports.weekly("2027-01-01");
  assert.equal(future.partial, true);
  assert.equal(future.aggregated_stats.daily_average_conversations, null);
  assert.equal(future.conversation_trends.trend_direction, "insufficient_data");
});
