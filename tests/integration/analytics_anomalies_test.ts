import assert from "node:assert/strict";
import { Figures } from "../../lib/analytics/figures/figures.ts";
import { DAY_MS } from "../../lib/analytics/periods.ts";
import { Recorder } from "../../lib/analytics/recorder.ts";
import { Database } from "../../lib/kv/database.ts";
import { WriteSet } from "../../lib/kv/write_set.ts";
import { figuresOn } from "../support/figures.ts";

const NOW = Date.parse("2026-04-21T15:00:00Z");
const WEEK_MS = 7 * DAY_MS;

interface Day {
  at: number;
  answered: number;
  failed?: number;
  tookMs?: number;
}

async function converse(recorder: Recorder, tx: WriteSet, at: number, failed: boolean, ms: number) {
  const base = { conversationId: crypto.randomUUID(), botId: "faq", userId: "ann", startedAt: at };
  await recorder.submitted(tx, { ...base, at, first: true, from: null, live: true });
  const outcome = failed ? "failed" : "completed";
  await recorder.finished(tx, {
    ...base,
    turn: 1,
    queuedAt: at,
    processingAt: at,
    at: at + ms,
    outcome,
    from: "pending",
    to: outcome,
    messages: failed ? 0 : 1,
    attempts: 1,
    ...(!failed && { source: "knowledge" }),
  });
}

/** A service that saw these days. */
async function figuresOf(db: Database, days: Day[]): Promise<Figures> {
  const recorder = new Recorder(db);
  for (const { at, answered, failed = 0, tookMs = 200 } of days) {
    const tx = new WriteSet();
    for (let i = 0; i < answered + failed; i++) {
      await converse(recorder, tx, at, i >= answered, tookMs);
    }
    await db.commit(tx);
  }
  return figuresOn(db, NOW);
}

/** Mondays at noon, the first on March 2nd, with 100 conversations each, and other days as told. */
const mondays = (count: number): Day[] =>
  Array.from({ length: count }, (_, i) => ({
    at: Date.parse("2026-03-02T12:00:00Z") + i * WEEK_MS,
    answered: 100,
  }));

Deno.test("days are judged by the same weekday of the weeks before", {
  sanitizeOps: true,
  sanitizeResources: true,
}, async () => {
  await using db = await Database.open({ path: ":memory:" });
  const days = mondays(6);
  const tuesday = days[5]!.at + DAY_MS;
  // A Monday of less, more failures and slower answers; a Tuesday of more after Tuesdays of none;
  // the last Monday has nothing.
  days.push({ at: days[5]!.at + WEEK_MS, answered: 30, failed: 20, tookMs: 900 });
  days.push({ at: tuesday, answered: 40 });
  const figures = await figuresOf(db, days);
  const { judged, anomalies } = await figures.anomalies({
    from: "2026-04-06",
    to: "2026-04-21",
    zone: "UTC",
  });
  assert.deepEqual(
    anomalies.map(({ date, metric, value, expected, n }) => [date, metric, value, expected, n]),
    [
      ["2026-04-07", "conversations", 40, 0, 5],
      ["2026-04-13", "conversations", 50, 100, 6],
      ["2026-04-13", "error_rate", 40, 0, 6],
      ["2026-04-13", "turn_ms", anomalies[3]!.value, anomalies[3]!.expected, 6],
      ["2026-04-20", "conversations", 0, 100, 7],
    ],
  );
  const slow = anomalies[3]!;
  assert.ok(Math.abs(slow.value - 900) < 25 && Math.abs(slow.expected - 200) < 6);
  assert.deepEqual([anomalies[1]!.low, anomalies[1]!.high, anomalies[1]!.score], [65, 135, -5]);
  assert.equal(anomalies[2]!.low, 0);
  // Conversations of 15 days that are over, and three more figures of the two Mondays.
  assert.equal(judged, 15 + 6);

  const few = await figures.anomalies({ from: "2026-03-02", to: "2026-03-29", zone: "UTC" });
  assert.deepEqual([few.judged, few.anomalies], [0, []]);
  const one = await figures.anomalies({ from: "2026-04-13", to: "2026-04-13", zone: "UTC" });
  const ofBot = await figures.anomalies({
    from: "2026-04-13",
    to: "2026-04-13",
    zone: "Asia/Tokyo",
    botId: "faq",
  });
  assert.deepEqual(ofBot, one);
});
