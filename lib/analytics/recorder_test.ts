import assert from "node:assert/strict";
import fc from "fast-check";
import { countOf, decodeCounts } from "../kv/counts.ts";
import { Database } from "../kv/database.ts";
import { WriteSet } from "../kv/write_set.ts";
import { BotIndex } from "./bot_index.ts";
import type { FinishedFact } from "./facts.ts";
import { percentile } from "./histogram.ts";
import { rollupKey, topPrefix, totalsKey } from "./keys.ts";
import { readLiveMetrics, readOutcomes } from "./live.ts";
import { Histogram, Metric } from "./metrics.ts";
import { dayOf, periodOf, quarterOf } from "./periods.ts";
import { Recorder } from "./recorder.ts";
import { readTopUsers } from "./top_users.ts";

const sanitize = { sanitizeOps: true, sanitizeResources: true };
const AT = Date.parse("2026-03-04T10:10:00Z");
const DAY = dayOf(AT);

const fact = (id: number, userId: string, startedAt = AT, botId = "faq") => ({
  conversationId: `c${id}`,
  userId,
  botId,
  startedAt,
  at: startedAt,
});

async function submit(db: Database, recorder: Recorder, f: ReturnType<typeof fact>) {
  const tx = new WriteSet();
  await recorder.submitted(tx, { ...f, first: true, from: null, live: true });
  return await db.commit(tx);
}

Deno.test("a new user's racing conversations all commit and count one user", sanitize, async () => {
  await using db = await Database.open({ path: ":memory:" });
  const recorder = new Recorder(db);
  const done = await Promise.all(
    Array.from({ length: 300 }, (_, i) => submit(db, recorder, fact(i, `u${i % 3}`))),
  );
  assert.ok(done.every(Boolean));
  const totals = decodeCounts((await db.kv.get(totalsKey("day", DAY))).value);
  assert.equal(countOf(totals, Metric.conversations), 300);
  assert.equal(countOf(totals, Metric.activeUsers), 3);
  assert.equal(countOf(totals, Metric.newUsers), 3);
  const month = await readTopUsers(db.kv, periodOf("month", DAY));
  assert.deepEqual(month.map((u) => u.conversations), [100, 100, 100]);
});

Deno.test("what fails to commit is not counted", sanitize, async () => {
  await using db = await Database.open({ path: ":memory:" });
  const recorder = new Recorder(db);
  const racing = Array.from({ length: 40 }, async (_, i) => {
    const tx = new WriteSet().check(["seat"], null).set(["seat"], i);
    const f = fact(i, `u${i}`);
    await recorder.submitted(tx, { ...f, first: true, from: null, live: true });
    return await db.commit(tx);
  });
  assert.equal((await Promise.all(racing)).filter(Boolean).length, 1);
  const totals = decodeCounts((await db.kv.get(totalsKey("day", DAY))).value);
  assert.equal(countOf(totals, Metric.conversations), 1);
  assert.equal(countOf(totals, Metric.activeUsers), 1);
  assert.equal((await readLiveMetrics(db.kv)).total, 1);
  assert.equal((await readTopUsers(db.kv, periodOf("month", DAY))).length, 1);
});

Deno.test("many new bots at once get different numbers", sanitize, async () => {
  await using db = await Database.open({ path: ":memory:" });
  const one = new BotIndex(db);
  const two = new BotIndex(db); // as another process would have
  const ids = Array.from({ length: 60 }, (_, i) => `bot ${i}`);
  const resolved = await Promise.all(
    ids.flatMap((id, i) => [one.resolve([id, ids[(i + 1) % 60]!]), two.resolve([id])]),
  );
  const numbers = new Map<string, number>();
  for (const bots of resolved) {
    for (const [id, { index }] of bots) {
      assert.equal(numbers.get(id) ?? index, index);
      numbers.set(id, index);
    }
  }
  assert.deepEqual([...numbers.values()].sort((a, b) => a - b), ids.map((_, i) => i));
});

Deno.test(
  "a turn's figures are in its own quarter hour, its conversation's in the first",
  sanitize,
  async () => {
    await using db = await Database.open({ path: ":memory:" });
    const recorder = new Recorder(db);
    const started = fact(1, "ann");
    await submit(db, recorder, started);
    const tx = new WriteSet();
    const at = AT + 24 * 3_600_000;
    const turn: FinishedFact = {
      ...started,
      turn: 1,
      queuedAt: at - 200,
      processingAt: at - 150,
      at,
      outcome: "completed",
      from: "pending",
      to: "completed",
      messages: 1,
      attempts: 2,
      source: "llm",
      cached: true,
      latencyMs: 120.4,
      tokens: { prompt: 7, completion: 5, total: 12, estimated: true },
      costMicros: 31,
      question: "?",
    };
    await recorder.finished(tx, turn);
    await db.commit(tx);
    const read = async (kind: "quarter" | "day", n: number) =>
      decodeCounts((await db.kv.get(rollupKey(kind, n, 0))).value);
    for (
      const [then, later] of [
        [await read("quarter", quarterOf(AT)), await read("quarter", quarterOf(at))],
        [await read("day", DAY), await read("day", DAY + 1)],
      ] as const
    ) {
      assert.equal(countOf(then, Metric.messages), 2);
      assert.equal(countOf(then, Metric.completed), 1);
      assert.equal(countOf(then, Metric.turnsCompleted), 0);
      const expected: [number, number][] = [
        [Metric.turnsCompleted, 1],
        [Metric.attempts, 2],
        [Metric.fromModel, 1],
        [Metric.cached, 1],
        [Metric.turnMs, 200],
        [Metric.waitMs, 50],
        [Metric.processingMs, 150],
        [Metric.responderMs, 120],
        [Metric.promptTokens, 0],
        [Metric.savedTokens, 12],
        [Metric.estimatedTokens, 0],
        [Metric.cachedMs, 120],
        [Metric.retried, 1],
        [Metric.costMicros, 31],
        [Metric.timed, 1],
        [Metric.conversations, 0],
      ];
      for (const [metric, count] of expected) assert.equal(countOf(later, metric), count);
      const median = percentile(later, Histogram.turn, 0.5)!;
      assert.ok(Math.abs(median - 200) < 5, String(median));
    }
    assert.deepEqual(await readOutcomes(db.kv, at - 3_600_000, at), {
      completed: 1,
      failed: 0,
      cancelled: 0,
    });
    assert.equal((await readOutcomes(db.kv, AT, AT)).completed, 0);
  },
);

Deno.test(
  "live figures follow the status of the latest turn; imports leave them",
  sanitize,
  async () => {
    await using db = await Database.open({ path: ":memory:" });
    const recorder = new Recorder(db);
    const statuses = ["completed", "failed", "cancelled", "completed"] as const;
    for (const [i, to] of statuses.entries()) {
      await submit(db, recorder, fact(i, "ann"));
      const tx = new WriteSet();
      await recorder.finished(tx, {
        ...fact(i, "ann"),
        turn: 1,
        queuedAt: AT,
        processingAt: AT,
        outcome: to,
        from: "pending",
        to,
        messages: 0,
        attempts: 1,
        question: "?",
        live: true,
      });
      await db.commit(tx);
    }
    const again = new WriteSet();
    await recorder.submitted(again, {
      ...fact(1, "ann"),
      first: false,
      from: "failed",
      live: true,
    });
    const tx = new WriteSet();
    await recorder.imported(tx, [{
      ...fact(9, "bob"),
      endedAt: AT,
      status: "failed",
      satisfaction: null,
      messages: 2,
      userMessages: 1,
    }]);
    await recorder.submitted(tx, { ...fact(9, "bob"), first: false, from: "failed", live: false });
    await Promise.all([db.commit(tx), db.commit(again)]);
    assert.deepEqual(await readLiveMetrics(db.kv), {
      total: 4,
      pending: 1,
      completed: 2,
      failed: 1,
      cancelled: 1,
      successRate: 100,
    });
  },
);

Deno.test(
  "the five most active users are exact, across restarts and in any order",
  sanitize,
  async () => {
    const starts = fc.array(fc.array(fc.nat({ max: 30 }), { maxLength: 40 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(starts, async (sessions) => {
        await using db = await Database.open({ path: ":memory:" });
        const counts = new Map<string, number>();
        let n = 0;
        for (const session of sessions) {
          const recorder = new Recorder(db); // a new process knows no leaders yet
          await Promise.all(session.map((user) => {
            const id = `user ${user}`;
            counts.set(id, (counts.get(id) ?? 0) + 1);
            return submit(db, recorder, fact(n++, id));
          }));
        }
        const expected = [...counts]
          .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 5)
          .map(([userId, conversations]) => ({ userId, conversations }));
        assert.deepEqual(await readTopUsers(db.kv, periodOf("month", DAY)), expected);
      }),
      { numRuns: 40 },
    );
  },
);

Deno.test("users who are level with the fifth do not enter the list", sanitize, async () => {
  await using db = await Database.open({ path: ":memory:" });
  const recorder = new Recorder(db);
  const users = Array.from({ length: 30 }, (_, i) => `user ${String(i).padStart(2, "0")}`);
  let n = 0;
  for (let round = 1; round <= 2; round++) {
    for (const user of users) await submit(db, recorder, fact(n++, user));
  }
  const month = periodOf("month", DAY);
  assert.deepEqual(
    await readTopUsers(db.kv, month),
    users.slice(0, 5).map((userId) => ({ userId, conversations: 2 })),
  );
  assert.equal((await Array.fromAsync(db.kv.list({ prefix: topPrefix(month) }))).length, 5);
});
