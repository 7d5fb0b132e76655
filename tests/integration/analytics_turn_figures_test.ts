import assert from "node:assert/strict";
import { bucketsOf } from "../../lib/analytics/figures/calendar.ts";
import { Figures } from "../../lib/analytics/figures/figures.ts";
import type { RangeRow } from "../../lib/analytics/figures/range.ts";
import { DAY_MS, QUARTER_MS } from "../../lib/analytics/periods.ts";
import { Recorder } from "../../lib/analytics/recorder.ts";
import type { Random } from "../../lib/cli/demo/random.ts";
import { Database } from "../../lib/kv/database.ts";
import { WriteSet } from "../../lib/kv/write_set.ts";
import { randomFor } from "../support/randomness.ts";
import { figuresOn } from "../support/figures.ts";

const NOW = Date.parse("2026-04-10T00:00:00Z");
const OUTCOMES = ["completed", "completed", "completed", "failed", "cancelled"] as const;
const SOURCES = ["knowledge", "intent", "llm", "none"] as const;
const METRICS = [
  "turns",
  "sources",
  "first_response_ms",
  "turn_ms",
  "wait_ms",
  "processing_ms",
  "success_rate",
  "error_rate",
  "retry_rate",
  "cache",
  "tokens",
  "cost",
] as const;

interface Turn {
  bot: string;
  startedAt: number;
  /** Its number in its conversation. */
  turn: number;
  at: number;
  waited: number;
  worked: number;
  attempts: number;
  outcome: (typeof OUTCOMES)[number];
  source: (typeof SOURCES)[number];
  cached: boolean;
  latencyMs: number;
  tokens: { prompt: number; completion: number; total: number; estimated: boolean } | undefined;
  costMicros: number;
}

/** Turns that end some hours after their conversation began, so now and then on another day. */
function someTurns(random: Random, count: number): Turn[] {
  return Array.from({ length: count }, () => {
    const startedAt = Math.floor(NOW - (1 + random.next() * 6) * DAY_MS);
    const source = random.pick(SOURCES);
    const cached = random.chance(0.3);
    const [prompt, completion] = [random.between(1, 900), random.between(1, 300)];
    return {
      bot: `bot ${random.between(1, 11)}`,
      startedAt,
      turn: random.between(1, 3),
      at: Math.floor(startedAt + random.next() * DAY_MS / 4),
      waited: random.between(0, 3_000),
      worked: random.between(0, 900),
      attempts: random.between(1, 3),
      outcome: random.pick(OUTCOMES),
      source,
      cached,
      latencyMs: random.between(0, 800),
      tokens: source === "llm"
        ? { prompt, completion, total: prompt + completion, estimated: random.chance(0.5) }
        : undefined,
      costMicros: source === "llm" && !cached ? random.between(1, 90_000) : 0,
    };
  });
}

async function recorded(db: Database, turns: Turn[]): Promise<Figures> {
  const recorder = new Recorder(db);
  for (const [i, turn] of turns.entries()) {
    const { bot: botId, waited, worked, outcome, source, cached, latencyMs, ...rest } = turn;
    const answered = outcome === "completed";
    const tx = new WriteSet();
    await recorder.finished(tx, {
      ...rest,
      botId,
      conversationId: `c${i}`,
      userId: "ann",
      queuedAt: turn.at - worked - waited,
      processingAt: turn.at - worked,
      outcome,
      from: "pending",
      to: outcome,
      messages: answered ? 1 : 0,
      ...(answered ? { source, cached, latencyMs } : { tokens: undefined, costMicros: undefined }),
    });
    await db.commit(tx);
  }
  return figuresOn(db, NOW);
}

const two = (part: number, n: number) => n === 0 ? null : Math.round(part * 100 / n) / 100;
const share = (part: number, n: number) => ({ value: two(part * 100, n), n });
const sum = <T>(all: readonly T[], of: (one: T) => number) =>
  all.reduce((total, one) => total + of(one), 0);

/** Figures that must be equal to the last digit. */
function exactly(turns: Turn[]) {
  const ended = (outcome: string) => turns.filter((turn) => turn.outcome === outcome);
  const [completed, failed] = [ended("completed"), ended("failed").length];
  const [cached, others] = [true, false].map((is) => completed.filter((t) => t.cached === is));
  const both = completed.length + failed;
  const from = (source: string) => completed.filter((turn) => turn.source === source).length;
  const known = cached!.length > 0 && others!.length > 0;
  const saved = sum(others!, (t) => t.latencyMs) / others!.length * cached!.length;
  const cost = sum(completed, (turn) => turn.costMicros);
  const prompt = sum(others!, (turn) => turn.tokens?.prompt ?? 0);
  const completion = sum(others!, (turn) => turn.tokens?.completion ?? 0);
  return {
    turns: {
      completed: completed.length,
      failed,
      cancelled: ended("cancelled").length,
      n: turns.length,
    },
    sources: {
      ...Object.fromEntries(SOURCES.map((source) => [source, from(source)])),
      n: completed.length,
    },
    success_rate: share(completed.length, both),
    error_rate: share(failed, both),
    retry_rate: share(turns.filter((turn) => turn.attempts > 1).length, turns.length),
    cache: {
      hit_rate: two(cached!.length * 100, completed.length),
      n: completed.length,
      saved_ms: known ? Math.max(0, Math.round(saved - sum(cached!, (t) => t.latencyMs))) : null,
      saved_tokens: sum(cached!, (turn) => turn.tokens?.total ?? 0),
      saved_cost: known ? Math.round(cost / others!.length * cached!.length) / 1e6 : null,
    },
    tokens: {
      prompt,
      completion,
      total: prompt + completion,
      estimated_answers: others!.filter((turn) => turn.tokens?.estimated).length,
    },
    cost: {
      total: cost / 1e6,
      per_answer: completed.length === 0 ? null : Math.round(cost / completed.length) / 1e6,
      n: completed.length,
    },
  };
}

/** Percentiles by nearest rank are within 2.5%, or 0.05 ms where durations are shorter. */
function assertTimes(
  figures: Record<string, number | null>,
  times: number[],
  withMean: boolean,
): void {
  const sorted = times.toSorted((a, b) => a - b);
  assert.equal(figures.n, sorted.length);
  if (withMean) assert.equal(figures.mean, two(sum(sorted, (ms) => ms), sorted.length));
  for (const [name, p] of [["p50", 0.5], ["p90", 0.9], ["p99", 0.99]] as const) {
    const truth = sorted[Math.ceil(p * sorted.length) - 1];
    if (truth === undefined) assert.equal(figures[name], null);
    else assert.ok(Math.abs(figures[name]! - truth) <= truth * 0.0251 + 0.06, `${name} ${truth}`);
  }
}

function assertFigures(figures: RangeRow["figures"], ended: Turn[], begun: Turn[]): void {
  const { first_response_ms, turn_ms, wait_ms, processing_ms, ...rest } = figures;
  assert.deepEqual(rest, exactly(ended));
  const completed = ended.filter((turn) => turn.outcome === "completed");
  const first = begun.filter((turn) => turn.outcome === "completed" && turn.turn === 1);
  assertTimes(turn_ms!, completed.map((turn) => turn.waited + turn.worked), true);
  assertTimes(wait_ms!, completed.map((turn) => turn.waited), true);
  assertTimes(processing_ms!, completed.map((turn) => turn.worked), true);
  assertTimes(first_response_ms!, first.map((turn) => turn.waited + turn.worked), false);
}

Deno.test("times, outcomes, cache, tokens and cost of all and of each bot, from raw facts", {
  sanitizeOps: true,
  sanitizeResources: true,
}, async () => {
  await using db = await Database.open({ path: ":memory:" });
  const turns = someTurns(randomFor("turn figures"), 400);
  const figures = await recorded(db, turns);
  for (const zone of ["UTC", "Asia/Kathmandu"]) {
    const query = { from: "2026-04-02", to: "2026-04-10", zone, metrics: METRICS };
    const range = await figures.range({ ...query, granularity: "day" });
    const byBot = await figures.range({ ...query, granularity: "day", byBot: true });
    const rows = await Array.fromAsync(range.rows);
    const botRows = await Array.fromAsync(byBot.rows);
    const buckets = bucketsOf(query.from, query.to, "day", zone)
      .filter(({ from }) => from * QUARTER_MS <= NOW);
    assert.equal(rows.length, buckets.length);
    buckets.forEach(({ from, to }, i) => {
      const within = (at: number) => at >= from * QUARTER_MS && at < to * QUARTER_MS;
      const ended = turns.filter(({ at }) => within(at));
      const begun = turns.filter(({ startedAt }) => within(startedAt));
      assertFigures(rows[i]!.figures, ended, begun);
      for (const { figures, bot_id } of botRows.filter((row) => row.start === rows[i]!.start)) {
        const its = (all: Turn[]) => all.filter(({ bot }) => bot === bot_id);
        assertFigures(figures, its(ended), its(begun));
      }
    });
    assertFigures(range.summary().totals, turns, turns);
    assert.deepEqual(byBot.summary().totals, range.summary().totals);
  }
});
