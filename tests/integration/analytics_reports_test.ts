import assert from "node:assert/strict";
import fc from "fast-check";
import { FakeClock } from "../../lib/clock.ts";
import { Database } from "../../lib/kv/database.ts";
import { WriteSet } from "../../lib/kv/write_set.ts";
import { modelDaily, modelMonthly, modelWeekly, type RawConversation } from "./analytics_model.ts";
import { DAY_MS } from "../../lib/analytics/periods.ts";
import { Recorder } from "../../lib/analytics/recorder.ts";
import { type Report, Reports } from "../../lib/analytics/reports.ts";
import { UserMonths } from "../../lib/analytics/user_months.ts";

/** A Wednesday, so that a running week, a running month and a year's end are in range. */
const NOW = Date.parse("2026-01-21T15:00:00Z");
const FIRST = Date.parse("2025-11-20T00:00:00Z");
const SPAN_MINUTES = (NOW - FIRST) / 60_000;
const SCORES = [1, 2, 3, 4, 5, 1 + 4 / 3, 1 + 8 / 3, 2.5, 4.2];

type Status = RawConversation["status"];
type Live = RawConversation & { id: string };
type Command =
  | { type: "submit"; bot: number; user: number; minute: number; fails: boolean }
  | { type: "again"; pick: number; fails: boolean }
  | { type: "finish"; pick: number; outcome: "completed" | "failed"; fails: boolean }
  | { type: "score"; pick: number; score: number; fails: boolean }
  | { type: "import"; many: RawConversation[]; fails: boolean }
  | { type: "look"; minute: number };

// Most of them close together, so that users and days meet; some far away.
const minute = fc.oneof(
  fc.integer({ min: SPAN_MINUTES - 25 * 1440, max: SPAN_MINUTES }),
  fc.integer({ min: 0, max: SPAN_MINUTES }),
);
const person = fc.nat({ max: 8 });
const bot = fc.nat({ max: 10 });
const fails = fc.integer({ min: 0, max: 9 }).map((n) => n === 0);
const pick = fc.nat({ max: 1_000 });
const imported: fc.Arbitrary<RawConversation> = fc.record({
  botId: bot.map((n) => `bot ${n}`),
  userId: person.map((n) => `user ${n}`),
  startedAt: minute.map((m) => FIRST + m * 60_000),
  status: fc.constantFrom<Status>("completed", "failed"),
  messages: fc.integer({ min: 1, max: 40 }),
  score: fc.option(fc.constantFrom(...SCORES)),
});
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ type: fc.constant("submit"), bot, user: person, minute, fails }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("again"), pick, fails }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant("finish"),
      pick,
      outcome: fc.constantFrom("completed", "failed"),
      fails,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("score"),
      pick,
      score: fc.constantFrom(...SCORES),
      fails,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("import"),
      many: fc.array(imported, { minLength: 1, maxLength: 12 }),
      fails,
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("look"), minute }) },
) as fc.Arbitrary<Command>;

/** Runs commands in groups whose commits race, and keeps the plain facts beside. */
class World {
  readonly facts: Live[] = [];
  readonly #recorder: Recorder;
  readonly reports: Reports;

  constructor(readonly db: Database) {
    this.#recorder = new Recorder(db);
    this.reports = new Reports({
      db,
      clock: new FakeClock(NOW),
      users: new UserMonths(db.kv),
      samples: { average: () => Promise.resolve({ cpu: null, memory: null, reports: 0 }) },
      names: { nameOf: () => Promise.resolve(undefined) },
    });
  }

  async run(c: Command): Promise<void> {
    if (c.type === "look") return await this.compare(FIRST + c.minute * 60_000);
    const tx = new WriteSet();
    if (c.fails) tx.check(["nothing", "here"], "00000000000000000001");
    const then = await this.#record(tx, c);
    const done = await this.db.commit(tx);
    assert.equal(done, !c.fails);
    if (done) then();
  }

  async #record(tx: WriteSet, c: Exclude<Command, { type: "look" }>): Promise<() => void> {
    if (c.type === "import") {
      const many = c.many.map((raw, i) => ({ ...raw, id: `i${this.facts.length}-${i}` }));
      await this.#recorder.imported(
        tx,
        many.map((raw) => ({
          ...raw,
          conversationId: raw.id,
          endedAt: raw.startedAt + 60_000,
          status: raw.status as "completed" | "failed",
          satisfaction: raw.score,
          userMessages: Math.ceil(raw.messages / 2),
        })),
      );
      return () => void this.facts.push(...many);
    }
    if (c.type === "submit") {
      const raw: Live = {
        id: `c${this.facts.length}`,
        botId: `bot ${c.bot}`,
        userId: `user ${c.user}`,
        startedAt: FIRST + c.minute * 60_000,
        status: "pending",
        messages: 1,
        score: null,
      };
      const at = raw.startedAt;
      const fact = { ...raw, conversationId: raw.id, at, first: true, from: null, live: true };
      await this.#recorder.submitted(tx, fact);
      return () => void this.facts.push(raw);
    }
    const raw = this.facts[c.pick % this.facts.length];
    if (!raw) return () => {};
    const fact = { ...raw, conversationId: raw.id, at: raw.startedAt + c.pick * 400_000 };
    if (c.type === "again") {
      await this.#recorder.submitted(tx, { ...fact, first: false, from: raw.status, live: true });
      return () => {
        raw.status = "pending";
        raw.messages++;
      };
    }
    if (c.type === "score") {
      await this.#recorder.scored(tx, { ...fact, score: c.score, before: raw.score });
      return () => void (raw.score = c.score);
    }
    const messages = c.outcome === "completed" ? 1 : 0;
    await this.#recorder.finished(tx, {
      ...fact,
      score: 1,
      turn: 1,
      queuedAt: fact.at - 500,
      processingAt: fact.at - 300,
      outcome: c.outcome,
      from: raw.status,
      to: c.outcome,
      messages,
      attempts: 1,
      source: "none",
    });
    return () => {
      raw.status = c.outcome;
      raw.messages += messages;
    };
  }

  async compare(at: number): Promise<void> {
    const date = new Date(at).toISOString().slice(0, 10);
    const day = new Date(at);
    const [daily, weekly, monthly] = await Promise.all([
      this.reports.daily(date),
      this.reports.weekly(date),
      this.reports.monthly(date),
    ]);
    const { system_performance: _, ...rest } = daily;
    assert.deepEqual(body(rest as Report), modelDaily(this.facts, day));
    assert.deepEqual(body(weekly), modelWeekly(this.facts, day, NOW));
    assert.deepEqual(body(monthly), modelMonthly(this.facts, day, NOW));
  }
}

function body(report: Report): unknown {
  const { generated_at: _g, data_as_of: _d, partial: _p, revision: _r, ...rest } = report;
  return rest;
}

Deno.test("all reports equal the contract's definitions computed from raw facts", {
  sanitizeOps: true,
  sanitizeResources: true,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(command, { minLength: 1, maxLength: 8 }), { maxLength: 30 }),
      async (groups) => {
        await using db = await Database.open({ path: ":memory:" });
        const world = new World(db);
        for (const group of groups) {
          // Commands on known conversations need their outcome, those that only add may race.
          const races = (c: Command) => c.type === "submit" || c.type === "import";
          await Promise.all(group.filter(races).map((c) => world.run(c)));
          for (const c of group) if (!races(c)) await world.run(c);
        }
        for (let at = FIRST; at <= NOW + DAY_MS; at += DAY_MS) await world.compare(at);
      },
    ),
    { numRuns: 25 },
  );
});
