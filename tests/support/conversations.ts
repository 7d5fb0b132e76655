import type { Reply, Responder, ResponderRequest } from "../../lib/ai/responder.ts";
import { readLiveMetrics } from "../../lib/analytics/live.ts";
import { Recorder } from "../../lib/analytics/recorder.ts";
import { type Clock, systemClock } from "../../lib/clock.ts";
import { BotStore } from "../../lib/conversations/bot_store.ts";
import { Conversations } from "../../lib/conversations/conversations.ts";
import type { NewTurn } from "../../lib/conversations/submit.ts";
import { JobEngine } from "../../lib/jobs/engine.ts";
import { Database } from "../../lib/kv/database.ts";
import { silentLogger } from "../../lib/log.ts";
import { deliverCallback } from "../../workers/deliver_callback.ts";
import { processConversation } from "../../workers/process_conversation.ts";

/** A reply that repeats the message. */
export function echo({ message }: ResponderRequest): Reply {
  return {
    response: `re: ${message}`,
    source: "knowledge",
    intent: null,
    score: 1,
    latencyMs: 1,
    cached: false,
  };
}

export interface DeskOptions {
  answer?: (request: ResponderRequest) => Reply | Promise<Reply>;
  concurrency?: number;
  clock?: Clock;
  /** In memory when absent. */
  path?: string;
  start?: boolean;
}

/** Conversations over a real engine, database and recorder; only what answers is made up. */
export interface Desk extends AsyncDisposable {
  db: Database;
  engine: JobEngine;
  bots: BotStore;
  recorder: Recorder;
  conversations: Conversations;
  /** Messages in the order in which the responder was asked. */
  asked: string[];
  /** Resolves once every one of these tasks has ended. */
  ended(...taskIds: string[]): Promise<void>;
}

export async function openDesk(options: DeskOptions = {}): Promise<Desk> {
  const { clock = systemClock, answer = echo } = options;
  const db = await Database.open({ path: options.path ?? ":memory:" });
  const queues = { conversations: options.concurrency ?? 10, notifications: 2 };
  const engine = new JobEngine({ db, clock, log: silentLogger, queues, worker: "test" });
  const bots = new BotStore({ db, now: () => clock.now() });
  const recorder = new Recorder(db);
  const asked: string[] = [];
  const responder: Responder = {
    name: "made up",
    model: null,
    async respond(request) {
      asked.push(request.message);
      return await answer(request);
    },
  };
  const live = () => readLiveMetrics(db.kv);
  const deps = { db, clock, engine, bots, ledger: recorder, live };
  const conversations = new Conversations(deps);
  engine.register(
    processConversation({ ...deps, responder }),
    deliverCallback({
      db,
      clock,
      secret: "whsec_" + btoa("x".repeat(32)),
      policy: { trusted: true },
    }),
  );
  if (options.start ?? true) await engine.start();
  return {
    db,
    engine,
    bots,
    recorder,
    conversations,
    asked,
    async ended(...taskIds) {
      const deadline = performance.now() + 20_000;
      await Promise.all(taskIds.map(async (id) => {
        while (!await engine.whenEnded(id, 20_000)) {
          if (performance.now() > deadline) throw new Error(`task ${id} has not ended within 20 s`);
        }
      }));
    },
    async [Symbol.asyncDispose]() {
      await engine.stop(1_000);
      await db.close();
      await engine.closed();
    },
  };
}

/** A turn with defaults. */
export function turn(over: Partial<NewTurn> = {}): NewTurn {
  return {
    conversationId: "c1",
    userMessage: "hello",
    botId: "shop",
    userId: "ada",
    priority: 5,
    ...over,
  };
}

/** Holds whoever passes until it is opened. */
export function gate(): { open: () => void; passed: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { open: resolve, passed: promise };
}
