/** The contract's definitions computed plainly from raw facts, to compare the reports with. */
import { DAY_MS } from "../../lib/analytics/periods.ts";

export interface RawConversation {
  botId: string;
  userId: string;
  startedAt: number;
  status: "pending" | "completed" | "failed";
  messages: number;
  score: number | null;
}

interface Span {
  from: number;
  to: number;
}

const iso = (at: number) => new Date(at).toISOString();
const date = (at: number) => iso(at).slice(0, 10);
const span = (year: number, month: number, day: number, toMonth: number, toDay: number): Span => ({
  from: Date.UTC(year, month, day),
  to: Date.UTC(year, toMonth, toDay),
});
const two = (x: number) => Math.sign(x) * Math.floor(Math.abs(x) * 100 + 0.5 + 1e-7) / 100;
const mean = (sum: number, n: number) => n === 0 ? null : two(sum / n);
const inside = (all: RawConversation[], s: Span) =>
  all.filter((c) => c.startedAt >= s.from && c.startedAt < s.to);
const usersOf = (all: RawConversation[]) => new Set(all.map((c) => c.userId));
const byCount = <T extends { n: number; id: string }>(rows: T[]) =>
  rows.sort((a, b) => b.n - a.n || (a.id < b.id ? -1 : 1));

function newUsers(all: RawConversation[], s: Span): number {
  const first = new Map<string, number>();
  for (const c of all) {
    first.set(c.userId, Math.min(c.startedAt, first.get(c.userId) ?? Infinity));
  }
  return [...first.values()].filter((at) => at >= s.from && at < s.to).length;
}

function bots(all: RawConversation[]) {
  const ids = [...new Set(all.map((c) => c.botId))];
  return byCount(ids.map((id) => ({ id, n: all.filter((c) => c.botId === id).length })))
    .map(({ id, n }) => {
      const scores = all.filter((c) => c.botId === id && c.score !== null).map((c) => c.score!);
      return {
        bot_id: id,
        bot_name: id,
        conversation_count: n,
        average_satisfaction: mean(scores.reduce((a, b) => a + b, 0), scores.length),
        scores: scores.length,
      };
    });
}

export function modelDaily(all: RawConversation[], at: Date) {
  const [y, m, d] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()];
  const s = span(y, m, d, m, d + 1);
  const mine = inside(all, s);
  const messages = mine.reduce((sum, c) => sum + c.messages, 0);
  const count = (status: string) => mine.filter((c) => c.status === status).length;
  return {
    report_type: "daily",
    date: date(s.from),
    period: { start: iso(s.from), end: iso(s.to) },
    conversation_analytics: {
      total_conversations: mine.length,
      status_breakdown: {
        pending: count("pending"),
        processing: 0,
        completed: count("completed"),
        failed: count("failed"),
      },
      average_conversation_length: mean(messages, mine.length),
    },
    user_engagement: {
      active_users: usersOf(mine).size,
      new_users: newUsers(all, s),
      average_messages_per_user: mean(messages, usersOf(mine).size),
    },
    bot_performance: { bot_statistics: bots(mine), total_bots_used: bots(mine).length },
  };
}

export function modelWeekly(all: RawConversation[], at: Date, now: number) {
  const [y, m, d] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()];
  const monday = d - (at.getUTCDay() + 6) % 7;
  const s = span(y, m, monday, m, monday + 7);
  const mine = inside(all, s);
  const users = usersOf(mine);
  const before = usersOf(inside(all, span(y, m, monday - 7, m, monday)));
  const days = [];
  for (let from = s.from; from < s.to && from <= now; from += DAY_MS) {
    days.push({
      date: date(from),
      conversations: inside(all, { from, to: from + DAY_MS }).length,
    });
  }
  const counts = days.map((day) => day.conversations);
  const direction = directionOf(counts);
  const returning = [...users].filter((u) => before.has(u)).length;
  return {
    report_type: "weekly",
    week_start: date(s.from),
    period: { start: iso(s.from), end: iso(s.to) },
    aggregated_stats: {
      total_conversations: mine.length,
      total_active_users: users.size,
      total_new_users: newUsers(all, s),
      daily_average_conversations: mean(mine.length, days.length),
      days_with_data: counts.filter((n) => n > 0).length,
    },
    conversation_trends: {
      daily_trends: days,
      trend_direction: direction,
      trend_slope: slope(counts),
    },
    user_retention: {
      total_users: users.size,
      returning_users: returning,
      retention_rate: mean(returning * 100, users.size),
      retained_of_previous_rate: mean(returning * 100, before.size),
      previous_users: before.size,
    },
    daily_reports_count: days.length,
  };
}

function directionOf(counts: number[]): string {
  if (counts.length < 2) return "insufficient_data";
  const avg = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
  const half = Math.floor(counts.length / 2);
  const [first, later] = [avg(counts.slice(0, half)), avg(counts.slice(half))];
  const change = first === 0 ? (later > 0 ? Infinity : 0) : (later - first) / first;
  if (change > 0.05 + 1e-12) return "increasing";
  return change < -0.05 - 1e-12 ? "decreasing" : "stable";
}

/** Least squares by the textbook's sums. */
function slope(counts: number[]) {
  const n = counts.length;
  if (n < 2) return { value: null, percent: null, n };
  const sum = (of: (count: number, x: number) => number) =>
    counts.reduce((total, count, x) => total + of(count, x), 0);
  const [x, y] = [sum((_, x) => x), sum((count) => count)];
  const value = (n * sum((count, x) => count * x) - x * y) / (n * sum((_, x) => x * x) - x * x);
  const near = (a: number) => two(a) || 0;
  return { value: near(value), percent: y === 0 ? null : near(value / (y / n) * 100), n };
}

function trends(all: RawConversation[], y: number, m: number, now: number) {
  const months = Array.from({ length: 12 }, (_, i) => span(y, m - 11 + i, 1, m - 10 + i, 1))
    .map((s) => {
      const mine = inside(all, s);
      const scores = mine.flatMap((c) => c.score ?? []);
      return {
        month: date(s.from).slice(0, 7),
        partial: s.to > now,
        conversations: mine.length,
        active_users: usersOf(mine).size,
        new_users: newUsers(all, s),
        average_satisfaction: mean(scores.reduce((a, b) => a + b, 0), scores.length),
        scores: scores.length,
      };
    });
  const first = months.findIndex((month) => month.conversations > 0);
  const shown = first < 0 ? [] : months.slice(first);
  const over = shown.filter((month) => !month.partial);
  const conversations = over.map((month) => month.conversations);
  const users = over.map((month) => month.active_users);
  return {
    months: shown,
    conversation_trend: directionOf(conversations),
    conversation_slope: slope(conversations),
    user_trend: directionOf(users),
    user_slope: slope(users),
  };
}

export function modelMonthly(all: RawConversation[], at: Date, today = Infinity) {
  const [y, m] = [at.getUTCFullYear(), at.getUTCMonth()];
  const s = span(y, m, 1, m + 1, 1);
  const mine = inside(all, s);
  const whole = span(y, m - 1, 1, m, 1);
  const quarter = 15 * 60_000;
  const elapsed = Math.max(0, Math.floor(today / quarter + 1) * quarter - s.from);
  const partial = s.to > today;
  const to = partial ? Math.min(whole.from + elapsed, whole.to) : whole.to;
  const previous = inside(all, { from: whole.from, to });
  const now = { conversations: mine.length, users: usersOf(mine).size };
  const before = { conversations: previous.length, users: usersOf(previous).size };
  const growth = (a: number, b: number) => b === 0 ? null : two((a - b) / b * 100);
  const users = [...usersOf(mine)].map((id) => ({
    id,
    n: mine.filter((c) => c.userId === id).length,
  }));
  return {
    report_type: "monthly",
    month: date(s.from).slice(0, 7),
    period: { start: iso(s.from), end: iso(s.to) },
    monthly_overview: {
      total_conversations: mine.length,
      active_users: now.users,
      new_users: newUsers(all, s),
      conversations_per_user: mean(mine.length, now.users),
    },
    growth_metrics: {
      conversation_growth_rate: growth(now.conversations, before.conversations),
      user_growth_rate: growth(now.users, before.users),
      current_period: now,
      previous_period: before,
      basis: partial ? "equal_elapsed" : "whole",
      previous_end: iso(to),
    },
    top_performers: {
      top_bots: bots(mine).slice(0, 5),
      most_active_users: byCount(users).slice(0, 5)
        .map(({ id, n }) => ({ user_id: id, conversation_count: n })),
    },
    long_term_trends: trends(all, y, m, today),
  };
}
