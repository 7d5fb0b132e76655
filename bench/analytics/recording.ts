import process from "node:process";
import type { Reply } from "../../lib/ai/responder.ts";
import { readLiveMetrics } from "../../lib/analytics/live.ts";
import { Recorder } from "../../lib/analytics/recorder.ts";
import { systemClock as clock } from "../../lib/clock.ts";
import { BotStore } from "../../lib/conversations/bot_store.ts";
import { Conversations } from "../../lib/conversations/conversations.ts";
import type { ConversationLedger } from "../../lib/conversations/ledger.ts";
import { JobEngine } from "../../lib/jobs/engine.ts";
import { Database } from "../../lib/kv/database.ts";
import { createLogger } from "../../lib/log.ts";
import { processConversation } from "../../workers/process_conversation.ts";

const nothing = () => Promise.resolve();
const NO_LEDGER: ConversationLedger = {
  submitted: nothing,
  finished: nothing,
  revived: nothing,
  handedOver: nothing,
  scored: nothing,
  imported: nothing,
  forgotten: () => {},
  replaced: nothing,
};

const REPLY: Reply = {
  response: "yes",
  source: "knowledge",
  intent: null,
  score: 1,
  latencyMs: 0.1,
  cached: false,
};

/** Microseconds of CPU that a turn takes whose responder does nothing, with and without recording. */
export async function recordingCost(
  callers: number,
  turns: number,
): Promise<{ withIt: number; without: number }> {
  const without = await cpuOfTurn(callers, turns, () => NO_LEDGER);
  const withIt = await cpuOfTurn(callers, turns, (db) => new Recorder(db));
  return { withIt, without };
}

async function cpuOfTurn(
  callers: number,
  turns: number,
  ledgerOf: (db: Database) => ConversationLedger,
): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "pixel-bench-" });
  const db = await Database.open({ path: `${folder}/pixel.sqlite` });
  const log = createLogger({ level: "error", format: "json" });
  const queues = { conversations: 64, notifications: 1 };
  const engine = new JobEngine({ db, clock, log, queues, worker: "bench" });
  const ledger = ledgerOf(db);
  const bots = new BotStore({ db, now: () => clock.now() });
  const live = () => readLiveMetrics(db.kv);
  const conversations = new Conversations({ db, clock, engine, bots, ledger, live });
  const responder = { name: "none", model: null, respond: () => Promise.resolve(REPLY) };
  engine.register(processConversation({ db, clock, engine, bots, ledger, responder }));
  await engine.start();
  let next = 0;
  const caller = async (until: number) => {
    while (next < until) {
      const n = next++;
      const { taskId } = await conversations.submit({
        conversationId: `c${n}`,
        userMessage: "is it open on Sunday?",
        botId: `bot ${n % 50}`,
        userId: `user ${n % 500}`,
        priority: 5,
      });
      await engine.whenEnded(taskId, 10_000);
    }
  };
  const all = (until: number) => Promise.all(Array.from({ length: callers }, () => caller(until)));
  const warmUp = Math.ceil(turns / 2);
  await all(warmUp);
  const before = process.cpuUsage();
  await all(warmUp + turns);
  const { user, system } = process.cpuUsage(before);
  await engine.stop(1_000);
  await db.close();
  await engine.closed();
  await Deno.remove(folder, { recursive: true });
  return (user + system) / turns;
}
