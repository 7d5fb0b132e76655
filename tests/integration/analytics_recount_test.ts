import assert from "node:assert/strict";
import type { Reply, ResponderRequest } from "../../lib/ai/responder.ts";
import { ResponderError } from "../../lib/ai/responder.ts";
import { rollupKey, totalsKey, userKey } from "../../lib/analytics/keys.ts";
import { HOURS, Metric } from "../../lib/analytics/metrics.ts";
import { DAY_MS, dayOf, quarterOf } from "../../lib/analytics/periods.ts";
import { recount } from "../../lib/analytics/recount.ts";
import type { Random } from "../../lib/cli/demo/random.ts";
import { type Clock, systemClock } from "../../lib/clock.ts";
import { loadConfig } from "../../lib/config/config.ts";
import { cleanUpConversations } from "../../lib/conversations/archive.ts";
import { keptConversations } from "../../lib/conversations/kept_facts.ts";
import { WriteSet } from "../../lib/kv/write_set.ts";
import { createLogger } from "../../lib/log.ts";
import { openServices, type Services } from "../../lib/services.ts";
import { processConversation } from "../../workers/process_conversation.ts";
import { randomFor, rounds } from "../support/randomness.ts";

const log = createLogger({ level: "error", format: "json", write: () => {} });
const WAIT_MS = 120_000;

/** The machine's clock, moved on by the test. */
class MovedClock implements Clock {
  offset = 0;
  now = () => systemClock.now() + this.offset;
  elapsed = systemClock.elapsed;
  after = systemClock.after;
}

/** Answers, does not know, fails for good or for a while, and is cached, all at random. */
function responder(random: Random) {
  return {
    name: "random",
    model: null,
    respond(request: ResponderRequest): Promise<Reply> {
      if (random.chance(0.1)) {
        throw new ResponderError({ retryable: false, reason: "refused" });
      }
      if (random.chance(0.1)) {
        throw new ResponderError({ retryable: true, reason: "later", retryAfterMs: 20 });
      }
      const source = random.pick(["knowledge", "intent", "llm", "none"] as const);
      const prompt = random.between(1, 500);
      const completion = random.between(1, 500);
      return Promise.resolve({
        response: `about ${request.message}`,
        source,
        intent: null,
        score: random.next(),
        latencyMs: random.next() * 100,
        cached: random.chance(0.3),
        ...(source === "llm"
          ? { tokens: { prompt, completion, total: prompt + completion, estimated: false } }
          : {}),
      });
    },
  };
}

interface World {
  services: Services;
  clock: MovedClock;
  random: Random;
}

async function withWorld(name: string, use: (world: World) => Promise<void>): Promise<void> {
  const dataDir = await Deno.makeTempDir();
  const random = randomFor(name);
  const clock = new MovedClock();
  try {
    await using services = await openServices(loadConfig({ DATA_DIR: dataDir }), { log, clock });
    const { engine, recorder } = services;
    engine.register(
      processConversation({ ...services, ledger: recorder, responder: responder(random) }),
    );
    await engine.start();
    try {
      await use({ services, clock, random });
    } finally {
      await engine.stop(1_000);
    }
    await services[Symbol.asyncDispose]();
    await engine.closed();
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
}

/** Several users at once: new conversations, further turns, cancelled and retried ones, scores. */
async function traffic({ services, random }: World, round: number): Promise<void> {
  const { conversations, engine } = services;
  await Promise.all(Array.from({ length: 40 }, async () => {
    const n = random.between(1, 60);
    const conversationId = `c${n}`;
    try {
      const { taskId } = await conversations.submit({
        conversationId,
        userMessage: `question ${round} ${random.between(1, 9)}?`,
        botId: `bot ${n % 11}`,
        userId: `user ${n % 7}`,
        priority: random.between(0, 9),
      });
      if (random.chance(0.1)) await engine.cancel(taskId, "no need").catch(() => {});
      assert.ok(await engine.whenEnded(taskId, WAIT_MS));
      const job = await engine.get(taskId);
      if (job && job.state !== "completed" && random.chance(0.6)) {
        await engine.retry(taskId);
        await engine.whenEnded(taskId, WAIT_MS);
      }
      if (random.chance(0.2)) await conversations.handoff(conversationId);
      if (random.chance(0.3)) await conversations.feedback(conversationId, random.between(1, 5));
    } catch (error) {
      // Two turns of one conversation at the same instant may get in each other's way.
      if ((error as { code?: string }).code !== "unavailable") throw error;
    }
  }));
}

function importLines({ random, clock }: World, name: string, count: number) {
  const lines = Array.from({ length: count }, (_, i) => {
    const startedAt = Math.floor(clock.now() - random.next() * 90 * DAY_MS);
    const length = random.between(1, 30);
    return JSON.stringify({
      conversation_id: `${name}-${i}`,
      user_id: `user ${random.between(1, 20)}`,
      bot_id: `bot ${random.between(0, 30)}`,
      status: random.pick(["completed", "failed"]),
      satisfaction_score: random.chance(0.5) ? 1 + 4 * random.next() : null,
      messages: Array.from({ length }, (_, m) => ({
        role: m === 0 || random.chance(0.5) ? "user" : "assistant",
        content: "words".repeat(random.between(1, 3)),
        at: new Date(startedAt + m * 60_000).toISOString(),
      })),
    });
  });
  return new Blob([lines.join("\n")]).stream();
}

const count = ({ services: { db } }: World) =>
  recount(db.kv, { conversations: () => keptConversations(db.kv) });

async function anything(world: World): Promise<void> {
  for (let round = 0; round < rounds(4, 30); round++) {
    await Promise.all([
      traffic(world, round),
      world.services.conversations.importStream(importLines(world, `i${round}`, 60)),
    ]);
    world.clock.offset += world.random.between(1, 40) * 3_600_000;
  }
}

Deno.test("a recount after random traffic and imports finds no difference", {
  sanitizeOps: true,
  sanitizeResources: true,
}, () =>
  withWorld("recount", async (world) => {
    await anything(world);
    const result = await count(world);
    assert.deepEqual(result.differences, []);
    assert.equal(result.differenceCount, 0);
    assert.ok(result.conversations > 200 && result.turns > 100 && result.compared > 5_000);
    assert.deepEqual(result.days_without_all_facts, []);

    // Facts go, the numbers stay, and what is left still agrees.
    const { db } = world.services;
    const cleanUp = (archiveAfterDays: number, deleteAfterDays: number, limit: number) =>
      cleanUpConversations({
        db,
        clock: world.clock,
        ledger: world.services.recorder,
        archiveAfterDays,
        deleteAfterDays,
        limit,
        signal: AbortSignal.timeout(WAIT_MS),
        progress: () => {},
      });
    assert.ok((await cleanUp(0.0001, 0, 70)).archived > 20);
    const archived = await count(world);
    assert.deepEqual(archived.differences, []);
    assert.ok(archived.days_without_all_facts.length > 0);
    assert.ok((await cleanUp(0, 0.0001, 50)).deleted > 20);
    await traffic(world, 99);
    const deleted = await count(world);
    assert.deepEqual(deleted.differences, []);
    assert.ok(deleted.conversations < result.conversations);
    assert.ok(deleted.compared > 5_000);
  }));

Deno.test("a recount finds damage in any record", {
  sanitizeOps: true,
  sanitizeResources: true,
}, () =>
  withWorld("damage", async (world) => {
    await world.services.conversations.importStream(importLines(world, "i", 40));
    await traffic(world, 1);
    const { db } = world.services;
    const [first] = await Array.fromAsync(keptConversations(db.kv));
    const day = dayOf(first!.startedAt);
    assert.deepEqual((await count(world)).differences, []);
    const damages: [string, Deno.KvKey, number][] = [
      ["quarter hour", rollupKey("quarter", quarterOf(first!.startedAt), 0), Metric.messages],
      ["day", rollupKey("day", day, 1), Metric.conversations],
      ["month", rollupKey("month", 600, 0), Metric.scores],
      ["totals of day", totalsKey("day", day), Metric.activeUsers],
      ["totals of day", totalsKey("day", day), Metric.turnsCompleted],
      ["totals of week", totalsKey("week", 2_900), Metric.retainedUsers],
      ["user", ["stats", "um", 700, "user 1"], 17],
      ["days of user", userKey("nobody"), 719_528 + day],
      ["totals of day", totalsKey("day", day), HOURS + 40],
      ["totals of month", totalsKey("month", 674), Metric.newUsers],
      ["live", ["stats", "live"], 1],
    ];
    for (const [record, key, field] of damages) {
      const change = (by: number) => db.commit(new WriteSet().add(key, new Map([[field, by]])));
      await change(1);
      const { differences } = await count(world);
      assert.ok(
        differences.some((difference) => difference.record.startsWith(record)),
        `${record}: ${JSON.stringify(differences)}`,
      );
      await change(-1);
    }
    assert.deepEqual((await count(world)).differences, []);
    const [top] = await Array.fromAsync(db.kv.list({ prefix: ["stats", "top"] }));
    await db.commit(new WriteSet().delete(top!.key));
    const { differences } = await count(world);
    assert.ok(differences.every((difference) => difference.record.startsWith("top users")));
    assert.ok(differences.length > 0);
  }));
