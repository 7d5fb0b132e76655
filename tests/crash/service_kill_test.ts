import assert from "node:assert/strict";
import * as analytics from "../../lib/wire/schemas/analytics.ts";
import * as conversations from "../../lib/wire/schemas/conversations.ts";
import * as queues from "../../lib/wire/schemas/queues.ts";
import { caller } from "../support/contract.ts";
import { recorded, runCommand, writeConversations } from "../support/cli.ts";
import { startOpenAIServer } from "../support/openai_server.ts";
import { randomFor, rounds } from "../support/randomness.ts";
import { assertRecounts } from "../support/recount.ts";
import { TestService } from "../support/service.ts";

const TURNS_EACH = 5;
const TURNS = rounds(300, 2_000);
const TALKS = TURNS / TURNS_EACH;

const idOf = (talk: number) => `talk/${talk}`;
const asked = (talk: number) => Array.from({ length: TURNS_EACH }, (_, n) => `${talk}: ${n}`);

/** A service that asks a model which takes some milliseconds, so that a kill finds work under way. */
async function withModel(
  test: string,
  run: (service: TestService, model: ReturnType<typeof startOpenAIServer>) => Promise<void>,
): Promise<void> {
  const random = randomFor(test);
  await using model = startOpenAIServer(() => ({ delayMs: random.between(1, 30) }));
  await using service = await TestService.start({
    env: { AI_BASE_URL: model.baseUrl, AI_MODEL: "test" },
  });
  await run(service, model);
}

/** Every turn has one answer, its own, in order; and every figure says so. */
async function assertAnsweredOnce(service: TestService): Promise<void> {
  const call = caller(service);
  const days = new Set<string>();
  for (let talk = 0; talk < TALKS; talk++) {
    const { conversation } = await call(
      conversations.ConversationAnswer,
      "GET",
      `/conversations/${encodeURIComponent(idOf(talk))}`,
    );
    assert.deepEqual(
      conversation.messages.map(({ role, content }) => [role, content]),
      asked(talk).flatMap((text) => [["user", text], ["assistant", `You said: ${text}`]]),
    );
    assert.equal(conversation.status, "completed");
    days.add(conversation.started_at.slice(0, 10));
  }
  const { metrics } = await call(conversations.MetricsAnswer, "GET", "/conversations/metrics");
  assert.equal(metrics.total_conversations, TALKS);
  assert.deepEqual(metrics.status_breakdown, {
    pending: 0,
    processing: 0,
    completed: TALKS,
    failed: 0,
  });
  let talks = 0;
  for (const day of days) {
    const { analytics: report } = await call(
      analytics.DailyAnswer,
      "GET",
      `/analytics/daily?date=${day}`,
    );
    const { total_conversations, average_conversation_length } = report.conversation_analytics;
    talks += total_conversations;
    assert.equal(average_conversation_length, 2 * TURNS_EACH);
  }
  assert.equal(talks, TALKS);
  assert.equal((await assertRecounts(service)).conversations, TALKS);
  const { queues: rows } = await call(queues.QueueList, "GET", "/queues");
  const { by_status } = rows.find(({ name }) => name === "conversations")!.depth;
  assert.equal(by_status.completed, TURNS, "one task for each turn");
  for (const status of ["queued", "running", "retrying", "failed"]) {
    assert.equal(by_status[status] ?? 0, 0, status);
  }
}

Deno.test("a replay goes on through a SIGKILL: every turn is answered exactly once", async () => {
  await withModel("replay", async (service, model) => {
    const folder = await Deno.makeTempDir();
    try {
      const path = `${folder}/talks.ndjson.gz`;
      const talks = Array.from({ length: TALKS }, (_, n) => recorded(idOf(n), ...asked(n)));
      await writeConversations(path, talks);
      const env = { PIXEL_URL: service.url, PIXEL_TOKEN: service.token };

      const stop = new AbortController();
      const first = runCommand(["replay", path, "--json"], { env, signal: stop.signal });
      await model.received(Math.floor(TURNS / 4));
      stop.abort(new Error("stopped by the user"));
      assert.equal((await first).exitCode, 130);

      const second = runCommand(["replay", path, "--json"], { env });
      await model.received(Math.floor(TURNS / 2));
      await service.kill();
      await service.restart();
      const run = await second;
      assert.equal(run.exitCode, 0, run.err + run.out);
      const summary = JSON.parse(run.out);
      assert.deepEqual([summary.sent, summary.answered, summary.failed], [TURNS, TURNS, 0]);
      assert.ok(summary.answered_earlier > 0, "what the first run had asked is not asked again");
      await assertAnsweredOnce(service);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
});

Deno.test("a backlog survives SIGKILL after SIGKILL: every turn is answered exactly once", async () => {
  await withModel("backlog", async (service, model) => {
    const call = caller(service);
    const turns = Array.from({ length: TURNS }, (_, n) => ({
      conversation_id: idOf(n % TALKS),
      bot_id: "bot",
      user_id: `user-${n % TALKS}`,
      user_message: asked(n % TALKS)[Math.floor(n / TALKS)]!,
    }));
    const batchOf = (from: number) => ({
      batch_id: `from-${from}`,
      conversations: turns.slice(from, from + 1_000),
    });
    for (let from = 0; from < TURNS; from += 1_000) {
      await call(conversations.BatchQueued, "POST", "/conversations/batch", batchOf(from));
    }
    // A task that is on board of a third kill counts as its cause, and becomes a dead letter.
    for (const share of [0.3, 0.6]) {
      await model.received(Math.floor(TURNS * share));
      await service.kill();
      await service.restart();
    }
    for (let from = 0; from < TURNS; from += 1_000) {
      await call(conversations.BatchQueued, "POST", "/conversations/batch", batchOf(from));
    }
    for (let talk = 0; talk < TALKS; talk++) {
      const path = `/conversations/${encodeURIComponent(idOf(talk))}/status?wait=25`;
      for (;;) {
        const { conversation_status } = await call(conversations.ConversationStatus, "GET", path);
        if (conversation_status.status === "completed") break;
      }
    }
    await assertAnsweredOnce(service);
    for (let from = 0; from < TURNS; from += 1_000) {
      const { batch_status } = await call(
        conversations.BatchStatus,
        "GET",
        `/conversations/batch/from-${from}/status`,
      );
      assert.equal(batch_status.status, "completed");
      assert.equal(batch_status.completed, batchOf(from).conversations.length);
    }
  });
});

Deno.test("a kill in the middle of an import leaves what another run completes", async () => {
  await using service = await TestService.start();
  const count = rounds(3_000, 20_000);
  const lines = Array.from({ length: count }, (_, n) => recorded(`old/${n}`, "Hello", "And?"));
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/old.ndjson`;
    await writeConversations(path, lines);
    const env = { PIXEL_URL: service.url, PIXEL_TOKEN: service.token };
    const broken = runCommand(["import", path, "--json"], { env });
    const call = caller(service);
    const someThere = async () => {
      const last = encodeURIComponent(`old/${Math.floor(count / 10)}`);
      return (await service.request("GET", `/conversations/${last}`)).status === 200;
    };
    while (!await someThere());
    await service.kill();
    assert.equal((await broken).exitCode, 1);
    await service.restart();
    const run = await runCommand(["import", path, "--json"], { env });
    const { imported, skipped } = JSON.parse(run.out);
    assert.equal(imported + skipped, count);
    assert.ok(skipped > 0, "what was committed stays");
    const { analytics: report } = await call(
      analytics.DailyAnswer,
      "GET",
      "/analytics/daily?date=2026-01-05",
    );
    assert.equal(report.conversation_analytics.total_conversations, count);
    assert.equal(report.conversation_analytics.average_conversation_length, 4);
    assert.equal(report.user_engagement.active_users, count);
    assert.equal((await assertRecounts(service)).conversations, count);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
