import assert from "node:assert/strict";
import { addDays, bucketsOf, localDate, startOfDay } from "../../lib/analytics/figures/calendar.ts";
import { Figures } from "../../lib/analytics/figures/figures.ts";
import type { RangeQuery, RangeRow } from "../../lib/analytics/figures/range.ts";
import type { CountedStatus } from "../../lib/analytics/facts.ts";
import { DAY_MS, QUARTER_MS } from "../../lib/analytics/periods.ts";
import { Recorder } from "../../lib/analytics/recorder.ts";
import type { Random } from "../../lib/cli/demo/random.ts";
import { Database } from "../../lib/kv/database.ts";
import { WriteSet } from "../../lib/kv/write_set.ts";
import { randomFor } from "../support/randomness.ts";
import { figuresOn } from "../support/figures.ts";

const sanitize = { sanitizeOps: true, sanitizeResources: true };
/** Shortly before the day of 25 hours in Europe; the data reach back over the one of 23. */
const NOW = Date.parse("2026-10-27T09:20:00Z");
const ZONES = ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia"];

interface Fact {
  at: number;
  user: string;
  bot: string;
  waited: number;
  worked: number;
  /** How each turn ended: answered, without knowing the answer, or not at all. */
  turns: ("knowledge" | "none" | "failed" | "cancelled")[];
  /** Came by import, with as many messages. */
  imported: number;
  handedOver: boolean;
  score: number | null;
}

/** How a conversation has gone after so many turns; it is handed over at its end. */
const courseOf = ({ turns }: Fact, done: number) => ({
  troubled: turns.slice(0, done).includes("none"),
  unanswered: turns[done - 1] === "none",
  handedOver: false,
});

/** Conversations with one to three turns, all within their first minute. */
async function record(db: Database, random: Random, count: number, days: number) {
  const recorder = new Recorder(db);
  const facts: Fact[] = [];
  for (let i = 0; i < count; i++) {
    const near = random.chance(0.4);
    const fact: Fact = {
      at: Math.floor(NOW - random.next() * (near ? 4 : days) * DAY_MS),
      user: `user ${random.between(1, 40)}`,
      bot: `bot ${random.between(0, 11)}`,
      waited: random.between(0, 300),
      worked: random.between(1, 2_000),
      turns: Array.from(
        { length: random.between(1, 3) },
        () => random.pick(["knowledge", "knowledge", "none", "failed", "cancelled"] as const),
      ),
      imported: random.chance(0.1) ? random.between(1, 9) : 0,
      handedOver: random.chance(0.2),
      score: random.chance(0.5) ? random.between(1, 5) : null,
    };
    facts.push(fact);
    const base = {
      conversationId: `c${i}`,
      botId: fact.bot,
      userId: fact.user,
      startedAt: fact.at,
    };
    const tx = new WriteSet();
    if (fact.imported > 0) {
      Object.assign(fact, { turns: [], handedOver: false });
      const { score: satisfaction, imported: messages } = fact;
      const ended = { endedAt: fact.at, status: "completed", userMessages: 1 } as const;
      await recorder.imported(tx, [{ ...base, ...ended, satisfaction, messages }]);
      await db.commit(tx);
      continue;
    }
    let status: CountedStatus = "pending";
    let messages = 0;
    for (const [done, ended] of fact.turns.entries()) {
      const turn = done + 1;
      const answered = ended === "knowledge" || ended === "none";
      const outcome = answered ? "completed" : ended;
      await recorder.submitted(tx, {
        ...base,
        at: fact.at,
        first: turn === 1,
        from: turn === 1 ? null : status,
        live: true,
        messagesBefore: messages++,
        course: courseOf(fact, done),
      });
      await recorder.finished(tx, {
        ...base,
        turn,
        queuedAt: fact.at - fact.waited - fact.worked,
        processingAt: fact.at - fact.worked,
        at: fact.at,
        outcome,
        from: "pending",
        to: outcome,
        messages: answered ? 1 : 0,
        messagesBefore: messages,
        course: courseOf(fact, done),
        courseAfter: courseOf(fact, turn),
        attempts: 1,
        ...(answered && { source: ended }),
      });
      if (answered) messages++;
      status = outcome;
    }
    if (fact.handedOver) {
      const course = courseOf(fact, fact.turns.length);
      await recorder.handedOver(tx, { ...base, status, live: true, course });
    }
    if (fact.score !== null) {
      await recorder.scored(tx, { ...base, score: fact.score, before: null, at: fact.at });
    }
    await db.commit(tx);
  }
  return facts;
}

/** A quotient to two decimals; scaled before it is divided, so that a tie stays one. */
const two = (part: number, n: number) =>
  Math.sign(part) * Math.round(Math.abs(part) * 100 / n) / 100;
const share = (part: number, n: number) => ({ value: n === 0 ? null : two(part * 100, n), n });
const usersOf = (facts: Fact[]) => new Set(facts.map((fact) => fact.user)).size;

/** What a bucket must say, from the plain facts. */
function model(all: Fact[], previous: number, from: number, to: number, zone: string) {
  const mine = all.filter(({ at }) => at >= from && at < to);
  const first = new Map<string, number>();
  for (const { user, at } of all) first.set(user, Math.min(at, first.get(user) ?? Infinity));
  const fresh = [...first.values()].filter((at) => at >= from && at < to).length;
  const sum = (of: (fact: Fact) => number) => mine.reduce((total, fact) => total + of(fact), 0);
  const turns = (of: Fact, ...ends: string[]) =>
    of.turns.filter((end) => ends.includes(end)).length;
  const completed = sum((fact) => turns(fact, "knowledge", "none"));
  const unanswered = sum((fact) => turns(fact, "none"));
  const messages = (fact: Fact) =>
    fact.imported || fact.turns.length + turns(fact, "knowledge", "none");
  const live = mine.filter((fact) => !fact.imported);
  const settled = live.filter((fact) => fact.turns.at(-1) !== "cancelled");
  const alone = settled.filter((fact) => !fact.handedOver);
  const clean = (fact: Fact) => turns(fact, "none") === 0 && fact.turns.at(-1) === "knowledge";
  const begunBefore = new Set(all.filter(({ at }) => at < from).map((fact) => fact.user));
  const before = all.filter(({ at }) => at >= previous && at < from);
  const here = new Set(mine.map((fact) => fact.user));
  const stayed = new Set(before.filter(({ user }) => here.has(user)).map((fact) => fact.user)).size;
  const quarter = (fact: Fact) => Math.floor(fact.at / QUARTER_MS);
  const ripe = settled.filter((fact) => (quarter(fact) + 97) * QUARTER_MS <= NOW);
  const calledBack = (fact: Fact) =>
    all.some((other) =>
      other !== fact && other.user === fact.user && quarter(other) >= quarter(fact) &&
      quarter(other) <= quarter(fact) + 96
    );
  const scores = mine.flatMap(({ score }) => score ?? []);
  const lengths = mine.map(messages).sort((a, b) => a - b);
  const rank = (p: number) => lengths[Math.max(1, Math.ceil(p * lengths.length)) - 1] ?? null;
  const end = Math.min(to, NOW + 1);
  const last = localDate(end - 1, zone);
  const back = (days: number) => startOfDay(addDays(last, 1 - days), zone) * QUARTER_MS;
  const trailing = (days: number) => {
    const begin = back(days);
    return usersOf(all.filter(({ at }) => at >= begin && at < to));
  };
  return {
    conversations: { value: mine.length },
    messages_per_conversation: {
      mean: mine.length === 0 ? null : two(sum(messages), mine.length),
      median: rank(0.5),
      p90: rank(0.9),
      n: mine.length,
    },
    answer_rate: share(completed - unanswered, completed),
    fallback_rate: share(unanswered, completed),
    containment_rate: share(alone.filter(clean).length, settled.length),
    handoff_rate: share(settled.length - alone.length, settled.length),
    abandon_rate: share(alone.filter((f) => f.turns.at(-1) !== "knowledge").length, settled.length),
    csat: {
      ...share(scores.filter((score) => score >= 4).length, scores.length),
      mean: scores.length === 0 ? null : two(scores.reduce((a, b) => a + b, 0), scores.length),
      response_rate: share(scores.length, mine.length).value,
      response_n: mine.length,
    },
    active_users: { value: usersOf(mine) },
    new_users: { value: fresh, n: usersOf(mine) },
    lifecycle: {
      new: fresh,
      returning: stayed,
      resurrecting: [...here].filter((user) => begunBefore.has(user)).length - stayed,
      n: here.size,
      dormant: usersOf(before) - stayed,
      dormant_n: usersOf(before),
    },
    engagement: {
      dau: trailing(1),
      wau: trailing(7),
      mau: trailing(30),
      stickiness: share(trailing(1), trailing(30)).value,
      n: trailing(30),
    },
    contained_24h_rate: share(
      ripe.filter((fact) => !fact.handedOver && clean(fact) && !calledBack(fact)).length,
      ripe.length,
    ),
  };
}

const METRICS = Object.keys(model([], 0, 0, 0, "UTC")) as (keyof ReturnType<typeof model>)[];

/** The instant that lies so much before another by a zone's calendar. */
const timeBefore = (time: Temporal.DurationLike, at: number, zone: string) =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).subtract(time)
    .epochMilliseconds;

async function rowsOf(figures: Figures, query: RangeQuery) {
  const range = await figures.range(query);
  const rows: RangeRow[] = await Array.fromAsync(range.rows);
  return { rows, summary: range.summary() };
}

Deno.test(
  "a range in any zone equals the definitions computed from raw facts",
  sanitize,
  async () => {
    await using db = await Database.open({ path: ":memory:" });
    const facts = await record(db, randomFor("range"), 500, 240);
    const figures = figuresOn(db, NOW);
    const spans = [
      ["hour", "2026-10-24", "2026-10-26"],
      ["day", "2026-03-20", "2026-04-06"],
      ["day", "2026-09-20", "2026-10-27"],
      ["week", "2026-03-01", "2026-10-27"],
      ["month", "2026-03-01", "2026-10-27"],
    ] as const;
    for (const zone of ZONES) {
      for (const [granularity, from, to] of spans) {
        const query = { from, to, granularity, zone, metrics: METRICS };
        const { rows, summary } = await rowsOf(figures, query);
        const buckets = bucketsOf(from, to, granularity, zone)
          .filter((bucket) => bucket.from * QUARTER_MS <= NOW);
        assert.equal(rows.length, buckets.length);
        rows.forEach((row, i) => {
          const [start, end] = [buckets[i]!.from * QUARTER_MS, buckets[i]!.to * QUARTER_MS];
          assert.equal(row.start, new Date(start).toISOString());
          assert.equal(row.partial, end > NOW);
          const previous = timeBefore({ [`${granularity}s`]: 1 }, start, zone);
          const expected = model(facts, previous, start, end, zone);
          assert.deepEqual(row.figures, expected, `${zone} ${row.start}`);
        });
        const whole = [buckets[0]!.from * QUARTER_MS, buckets.at(-1)!.to * QUARTER_MS] as const;
        const days = whole.map((at) => Temporal.PlainDate.from(localDate(at, zone)));
        const previous = timeBefore(days[0]!.until(days[1]!), whole[0], zone);
        const expected = model(facts, previous, ...whole, zone);
        assert.deepEqual(summary.totals, expected, `${zone} ${granularity}`);
      }
    }
  },
);

Deno.test(
  "a running week that ends next month counts who was last here 30 days ago",
  sanitize,
  async () => {
    await using db = await Database.open({ path: ":memory:" });
    const recorder = new Recorder(db);
    const tx = new WriteSet();
    await recorder.submitted(tx, {
      conversationId: "c",
      botId: "bot",
      userId: "user",
      startedAt: Date.parse("2026-09-29T12:00:00Z"),
      at: Date.parse("2026-09-29T12:00:00Z"),
      first: true,
      from: null,
      live: true,
      messagesBefore: 0,
    });
    await db.commit(tx);
    const { rows } = await rowsOf(figuresOn(db, NOW), {
      from: "2026-10-26",
      to: "2026-10-27",
      granularity: "week",
      zone: "UTC",
      metrics: ["engagement"],
    });
    assert.deepEqual(rows.map((row) => [row.end, row.figures.engagement!.mau]), [
      ["2026-11-02T00:00:00.000Z", 1],
    ]);
  },
);

Deno.test("the hours of a day that runs are set against the day before", sanitize, async () => {
  await using db = await Database.open({ path: ":memory:" });
  const recorder = new Recorder(db);
  const today = localDate(NOW, "UTC");
  const yesterday = addDays(today, -1);
  for (const [userId, day] of [["stays", yesterday], ["leaves", yesterday], ["stays", today]]) {
    const at = Date.parse(`${day}T00:05:00Z`);
    const tx = new WriteSet();
    await recorder.submitted(tx, {
      conversationId: `${userId} ${day}`,
      botId: "bot",
      userId: userId!,
      startedAt: at,
      at,
      first: true,
      from: null,
      live: true,
      messagesBefore: 0,
    });
    await db.commit(tx);
  }
  for (const granularity of ["hour", "day"] as const) {
    const { summary } = await rowsOf(figuresOn(db, NOW), {
      from: today,
      to: today,
      granularity,
      zone: "UTC",
      metrics: ["lifecycle"],
    });
    const { lifecycle } = summary.totals;
    assert.deepEqual(
      lifecycle,
      { new: 0, returning: 1, resurrecting: 0, n: 1, dormant: 1, dormant_n: 2 },
      granularity,
    );
  }
});

Deno.test("a bot's rows are its share, and the bots' rows add up to all", sanitize, async () => {
  await using db = await Database.open({ path: ":memory:" });
  const facts = await record(db, randomFor("bots"), 200, 60);
  const figures = figuresOn(db, NOW);
  const query: RangeQuery = {
    from: "2026-08-20",
    to: "2026-10-27",
    granularity: "week",
    zone: "America/St_Johns",
    metrics: ["conversations", "turn_ms", "csat"],
  };
  const all = await rowsOf(figures, query);
  const byBot = await rowsOf(figures, { ...query, byBot: true });
  assert.deepEqual(byBot.summary.totals, all.summary.totals);
  for (const bot of new Set(facts.map((fact) => fact.bot))) {
    const one = await rowsOf(figures, { ...query, botId: bot });
    const its = byBot.rows.filter((row) => row.bot_id === bot);
    const busy = one.rows.filter((row) => row.figures.conversations!.value! > 0);
    assert.deepEqual(its.map(({ bot_id: _, ...row }) => row), busy);
    const expected = facts.filter((fact) => fact.bot === bot).length;
    assert.equal(one.summary.totals.conversations!.value, expected);
  }
  const { p50, n } = all.summary.totals.turn_ms!;
  const times = facts.flatMap((f) =>
    f.turns.filter((end) => end === "knowledge" || end === "none").map(() => f.waited + f.worked)
  )
    .sort((a, b) => a - b);
  assert.equal(n, times.length);
  const median = times[Math.ceil(times.length / 2) - 1]!;
  assert.ok(Math.abs(p50! - median) <= median * 0.0251, `${p50} for ${median}`);
  await assert.rejects(figures.range({ ...query, botId: "nobody" }), { code: "not_found" });
  await assert.rejects(figures.range({ ...query, zone: "Nowhere" }), { code: "invalid" });
  await assert.rejects(
    figures.range({ ...query, botId: "bot 1", metrics: ["active_users"] }),
    { code: "invalid" },
  );
  await assert.rejects(figures.range({ ...query, from: "2026-10-28" }), { code: "invalid" });
});

Deno.test("a running week is compared with as much of the one before", sanitize, async () => {
  await using db = await Database.open({ path: ":memory:" });
  const facts = await record(db, randomFor("compare"), 300, 30);
  const figures = figuresOn(db, NOW);
  const between = (from: string | number, to: string | number) => {
    const [start, end] = [new Date(from).getTime(), new Date(to).getTime()];
    return facts.filter(({ at }) => at >= start && at < end);
  };
  const metrics = ["conversations", "active_users"] as const;
  const running = await figures.compare({ unit: "week", zone: "UTC", metrics });
  assert.equal(running.basis, "equal_elapsed");
  // Up to the quarter hour that is over: Tuesday 9:15.
  const now = between("2026-10-26T00:00Z", "2026-10-27T09:15Z");
  const before = between("2026-10-19T00:00Z", "2026-10-20T09:15Z");
  assert.equal(running.current.figures.conversations!.value, now.length);
  assert.equal(running.previous.figures.conversations!.value, before.length);
  assert.equal(running.previous.figures.active_users!.value, usersOf(before));
  assert.equal(
    running.growth.conversations!.value,
    two((now.length - before.length) * 100, before.length),
  );
  const whole = await figures.compare({ unit: "week", from: "2026-10-15", zone: "UTC", metrics });
  assert.equal(whole.basis, "whole");
  assert.deepEqual([whole.current.start, whole.previous.start].map((at) => at.slice(0, 10)), [
    "2026-10-12",
    "2026-10-05",
  ]);
  const days = await figures.compare({
    unit: "days",
    from: "2026-10-20",
    to: "2026-10-22",
    zone: "Europe/Berlin",
    metrics,
  });
  const berlin = between("2026-10-16T22:00Z", "2026-10-19T22:00Z");
  assert.equal(days.previous.figures.conversations!.value, berlin.length);
});

Deno.test("hours of the week and cohorts, from raw facts", sanitize, async () => {
  await using db = await Database.open({ path: ":memory:" });
  const facts = await record(db, randomFor("week"), 300, 90);
  const figures = figuresOn(db, NOW);
  for (const zone of ZONES) {
    const { hours } = await figures.busiest({ from: "2026-08-01", to: "2026-10-27", zone });
    const bots = [...new Set(facts.map((fact) => fact.bot))];
    const each = await Promise.all(
      bots.map((botId) => figures.busiest({ from: "2026-08-01", to: "2026-10-27", zone, botId })),
    );
    assert.equal(hours.length, 168);
    hours.forEach((hour, i) => {
      const mine = facts.filter(({ at }) => {
        const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone);
        return local.dayOfWeek === hour.weekday && local.hour === hour.hour &&
          local.toPlainDate().toString() >= "2026-08-01";
      });
      assert.equal(hour.conversations, mine.length);
      assert.equal(hour.turns, mine.reduce((sum, fact) => sum + fact.turns.length, 0));
      assert.equal(hour.turns, each.reduce((sum, one) => sum + one.hours[i]!.turns, 0));
      assert.ok(hour.n >= 12 && hour.n <= 14);
    });
  }
  const { cohorts } = await figures.retention({
    from: "2026-07-20",
    to: "2026-10-27",
    granularity: "month",
  });
  const days = new Map<string, Set<number>>();
  for (const { user, at } of facts) {
    days.set(user, (days.get(user) ?? new Set()).add(Math.floor(at / DAY_MS)));
  }
  const firsts = [...days.values()].map((all) => Math.min(...all));
  assert.equal(cohorts.reduce((sum, cohort) => sum + cohort.users, 0), firsts.length);
  const august = cohorts.find((cohort) => cohort.start === "2026-08-01")!;
  const inAugust = [...days.values()].filter((all) =>
    new Date(Math.min(...all) * DAY_MS).toISOString().startsWith("2026-08")
  );
  assert.equal(august.users, inAugust.length);
  const back = inAugust.filter((all) => all.has(Math.min(...all) + 7)).length;
  assert.deepEqual(august.d7, { ...share(back, inAugust.length), users: back });
  assert.equal(cohorts.at(-1)!.d30.value, null);
});
