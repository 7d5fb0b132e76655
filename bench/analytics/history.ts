import { Figures } from "../../lib/analytics/figures/figures.ts";
import { DAY_MS } from "../../lib/analytics/periods.ts";
import { Recorder } from "../../lib/analytics/recorder.ts";
import { Reports } from "../../lib/analytics/reports.ts";
import { UserMonths } from "../../lib/analytics/user_months.ts";
import { seededRandom } from "../../lib/cli/demo/random.ts";
import { FakeClock } from "../../lib/clock.ts";
import { BotStore } from "../../lib/conversations/bot_store.ts";
import { importConversations } from "../../lib/conversations/import.ts";
import { Database } from "../../lib/kv/database.ts";
import { WriteSet } from "../../lib/kv/write_set.ts";

const NOW = Date.parse("2026-06-10T12:00:00Z");
const DAYS = 400;
const BOTS = 50;
const USERS = 5_000;
const LIVE_A_COMMIT = 50;

export type World = Awaited<ReturnType<typeof history>>;

/** A database on disk with what fills and what reads it. */
export async function history() {
  const folder = await Deno.makeTempDir({ prefix: "pixel-bench-" });
  const db = await Database.open({ path: `${folder}/pixel.sqlite` });
  const clock = new FakeClock(NOW);
  const recorder = new Recorder(db);
  return {
    db,
    clock,
    recorder,
    bots: new BotStore({ db, now: () => clock.now() }),
    /** Reports and figures that remember nothing yet. */
    readers() {
      const users = new UserMonths(db.kv);
      return {
        reports: new Reports({
          db,
          clock,
          users,
          samples: { average: () => Promise.resolve({ cpu: null, memory: null, reports: 0 }) },
          names: { nameOf: () => Promise.resolve(undefined) },
        }),
        figures: new Figures({
          db,
          clock,
          users,
          unanswered: recorder.unanswered,
          texts: { takings: () => Promise.resolve(null), question: () => Promise.resolve(null) },
        }),
      };
    },
    /** Of the month that runs. */
    today: new Date(NOW).toISOString().slice(0, 10),
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

/**
 * Fills the history with so many conversations in the order of time: nine of ten imported as a file
 * would be, with four short messages, one counted as a live one of one answered turn. False when
 * it was given up at `deadline` (of `performance.now`).
 */
export async function fill(
  world: World,
  conversations: number,
  { deadline, tell }: { deadline: number; tell: (text: string) => void },
): Promise<boolean> {
  const random = seededRandom(5);
  const start = NOW - DAYS * DAY_MS;
  const startedAt = performance.now();
  let made = 0;
  let live: LiveConversation[] = [];
  const tellEvery = Math.ceil(conversations / 10);
  async function* lines(): AsyncGenerator<string> {
    for (; made < conversations && performance.now() < deadline; made++) {
      if (made > 0 && made % tellEvery === 0) {
        const rate = made / (performance.now() - startedAt) * 1000;
        tell(`  ${made.toLocaleString("en")} at ${Math.round(rate).toLocaleString("en")}/s`);
      }
      const at = Math.floor(start + made / conversations * DAYS * DAY_MS);
      const fact = {
        conversationId: `c${made}`,
        botId: `bot ${random.between(1, BOTS)}`,
        userId: `user ${random.between(1, USERS)}`,
        startedAt: at,
      };
      const score = random.chance(0.3) ? random.between(1, 5) : null;
      if (made % 10 === 0) {
        live.push({ fact, score, ms: random.between(51, 3_000) });
        if (live.length >= LIVE_A_COMMIT) await recordLive(world, live.splice(0));
      } else yield line(fact, score);
    }
  }
  const { db, clock, bots, recorder: ledger } = world;
  await importConversations({ db, clock, bots, ledger }, lines());
  await recordLive(world, live);
  live = [];
  return made === conversations;
}

interface LiveConversation {
  fact: { conversationId: string; botId: string; userId: string; startedAt: number };
  score: number | null;
  /** From the question to its answer. */
  ms: number;
}

const TEXTS = [
  "Is there a table for two tonight, by the window?",
  "There is one at half past seven. Shall I book it?",
  "Yes please, and we will need a chair for a child.",
  "It is booked, with a chair. See you tonight!",
];

function line({ startedAt, ...ids }: LiveConversation["fact"], score: number | null): string {
  const at = (n: number) => new Date(startedAt + n * 20_000).toISOString();
  return JSON.stringify({
    conversation_id: ids.conversationId,
    user_id: ids.userId,
    bot_id: ids.botId,
    status: "completed",
    satisfaction_score: score,
    messages: TEXTS.map((content, n) => ({
      role: n % 2 ? "assistant" : "user",
      content,
      at: at(n),
    })),
  });
}

/** Counts live conversations, without storing them. */
async function recordLive({ db, recorder }: World, live: LiveConversation[]): Promise<void> {
  const tx = new WriteSet();
  for (const { fact, score, ms } of live) {
    const at = fact.startedAt;
    const opened = { ...fact, at, first: true, from: null, live: true, messagesBefore: 0 };
    await recorder.submitted(tx, opened);
    await recorder.finished(tx, {
      ...fact,
      turn: 1,
      queuedAt: at,
      processingAt: at + 50,
      at: at + ms,
      outcome: "completed",
      from: "pending",
      to: "completed",
      messages: 1,
      messagesBefore: 1,
      attempts: 1,
      source: "knowledge",
      latencyMs: ms / 200,
    });
    if (score !== null) await recorder.scored(tx, { ...fact, score, before: null, at });
  }
  if (!tx.empty) await db.commit(tx);
}
