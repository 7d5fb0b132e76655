import { Figures } from "../../lib/analytics/figures/figures.ts";
import { DAY_MS } from "../../lib/analytics/periods.ts";
import { Recorder } from "../../lib/analytics/recorder.ts";
import { Reports } from "../../lib/analytics/reports.ts";
import { seededRandom } from "../../lib/cli/demo/random.ts";
import { FakeClock } from "../../lib/clock.ts";
import { Database } from "../../lib/kv/database.ts";
import { WriteSet } from "../../lib/kv/write_set.ts";

const NOW = Date.parse("2026-06-10T12:00:00Z");
const DAYS = 400;
const BOTS = 50;
const USERS = 5_000;
const A_COMMIT = 20;

/** A database on disk with nothing but analytics, and what reads it. */
export async function history() {
  const folder = await Deno.makeTempDir({ prefix: "pixel-bench-" });
  const db = await Database.open({ path: `${folder}/pixel.sqlite` });
  const clock = new FakeClock(NOW);
  const recorder = new Recorder(db);
  return {
    db,
    recorder,
    reports: new Reports({
      db,
      clock,
      samples: { average: () => Promise.resolve({ cpu: null, memory: null, reports: 0 }) },
      names: { nameOf: () => Promise.resolve(undefined) },
    }),
    figures: new Figures({
      db,
      clock,
      unanswered: recorder.unanswered,
      texts: { question: () => Promise.resolve(null) },
    }),
    /** Days spread over the last 300. */
    dates(count: number): string[] {
      return Array.from({ length: count }, (_, i) => {
        const back = 10 + Math.floor(i * 290 / count);
        return new Date(NOW - back * DAY_MS).toISOString().slice(0, 10);
      });
    },
    /** Of the database file and what is not yet merged into it. */
    async bytes(): Promise<number> {
      let bytes = 0;
      for await (const { name } of Deno.readDir(folder)) {
        bytes += (await Deno.stat(`${folder}/${name}`)).size;
      }
      return bytes;
    },
    async [Symbol.asyncDispose]() {
      await db.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Records so many conversations of one answered turn, in the order of time. */
export async function fill(
  { db, recorder }: Awaited<ReturnType<typeof history>>,
  conversations: number,
): Promise<void> {
  const random = seededRandom(5);
  const start = NOW - DAYS * DAY_MS;
  for (let i = 0; i < conversations; i += A_COMMIT) {
    const tx = new WriteSet();
    for (let j = i; j < Math.min(conversations, i + A_COMMIT); j++) {
      const startedAt = Math.floor(start + j / conversations * DAYS * DAY_MS);
      const fact = {
        conversationId: `c${j}`,
        botId: `bot ${random.between(1, BOTS)}`,
        userId: `user ${random.between(1, USERS)}`,
        startedAt,
      };
      await recorder.submitted(tx, {
        ...fact,
        at: startedAt,
        first: true,
        from: null,
        live: true,
        messagesBefore: 0,
      });
      await recorder.finished(tx, {
        ...fact,
        turn: 1,
        queuedAt: startedAt,
        processingAt: startedAt + random.between(0, 50),
        at: startedAt + random.between(51, 3_000),
        outcome: "completed",
        from: "pending",
        to: "completed",
        messages: 1,
        messagesBefore: 1,
        attempts: 1,
        source: "knowledge",
        latencyMs: random.between(1, 20),
      });
      if (random.chance(0.3)) {
        const score = random.between(1, 5);
        await recorder.scored(tx, { ...fact, score, before: null, at: startedAt });
      }
    }
    await db.commit(tx);
  }
}
