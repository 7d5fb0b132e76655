import assert from "node:assert/strict";
import { ResponderError } from "../../lib/ai/responder.ts";
import { FakeClock } from "../../lib/clock.ts";
import { cleanUpConversations } from "../../lib/conversations/archive.ts";
import * as wire from "../../lib/wire/schemas/conversations.ts";
import { caller } from "../support/contract.ts";
import { type Desk, openDesk, turn } from "../support/conversations.ts";
import { TestService } from "../support/service.ts";

const options = { sanitizeOps: true, sanitizeResources: true };
const DAY_MS = 86_400_000;

function cleanUp(desk: Desk, clock: FakeClock, archiveAfterDays: number, deleteAfterDays = 0) {
  return cleanUpConversations({
    db: desk.db,
    clock,
    ledger: desk.recorder,
    archiveAfterDays,
    deleteAfterDays,
    limit: 100,
    signal: new AbortController().signal,
    progress: () => {},
  });
}

async function say(desk: Desk, ...messages: string[]): Promise<void> {
  for (const userMessage of messages) {
    const { taskId } = await desk.conversations.submit(turn({ userMessage }));
    await desk.ended(taskId);
  }
}

Deno.test("what was archived is still the history of what is asked next", options, async () => {
  const clock = new FakeClock();
  const histories: string[][] = [];
  await using desk = await openDesk({
    clock,
    answer({ message, history }) {
      histories.push(history.map(({ content }) => content));
      const rest = { intent: null, score: 1, latencyMs: 1, cached: false };
      return { response: `re: ${message}`, source: "llm", ...rest };
    },
  });
  await say(desk, ...Array.from({ length: 14 }, (_, n) => `m${n}`));
  clock.advance(10 * DAY_MS);
  assert.equal((await cleanUp(desk, clock, 9)).archived, 1);
  await say(desk, "next", "and then");
  const all = Array.from({ length: 14 }, (_, n) => [`m${n}`, `re: m${n}`]).flat();
  assert.deepEqual(histories.at(-2), all.slice(-20));
  assert.deepEqual(histories.at(-1), [...all, "next", "re: next"].slice(-20));
});

Deno.test(
  "a failed turn that was archived says what to do when it is retried",
  options,
  async () => {
    const clock = new FakeClock();
    await using desk = await openDesk({
      clock,
      answer: () => Promise.reject(new ResponderError({ retryable: false, reason: "no" })),
    });
    const { taskId } = await desk.conversations.submit(turn());
    await desk.ended(taskId);
    clock.advance(10 * DAY_MS);
    assert.equal((await cleanUp(desk, clock, 9)).archived, 1);
    await desk.engine.retry(taskId);
    await desk.ended(taskId);
    const { state, reason } = (await desk.engine.get(taskId))!;
    assert.deepEqual([state, reason], [
      "cancelled",
      "the conversation is archived: send the message again",
    ]);
  },
);

Deno.test(
  "a conversation that matters is spared by the archive, not by deletion",
  options,
  async () => {
    const clock = new FakeClock();
    await using desk = await openDesk({ clock });
    await say(desk, "hello");
    const { conversations } = desk;
    const important = async () =>
      (await conversations.list(10, undefined, { important: true })).conversations;
    await conversations.setImportance("c1", "high");
    await conversations.setImportance("c1", "high");
    assert.deepEqual((await important()).map(({ importance }) => importance), ["high"]);
    clock.advance(10 * DAY_MS);
    assert.deepEqual(await cleanUp(desk, clock, 9), { archived: 0, deleted: 0, more: false });
    await conversations.setImportance("c1", "low");
    assert.deepEqual(await important(), []);
    assert.equal((await cleanUp(desk, clock, 9)).archived, 1);
    await conversations.setImportance("c1", "high");
    await say(desk, "again");
    assert.equal((await cleanUp(desk, clock, 9)).archived, 0);
    await conversations.setImportance("c1", "normal");
    assert.equal((await cleanUp(desk, clock, 9)).archived, 1);
    await conversations.setImportance("c1", "high");
    assert.equal((await cleanUp(desk, clock, 9, 9)).deleted, 1);
    assert.deepEqual(await important(), []);
    for await (const { key } of desk.db.kv.list({ prefix: ["conv", "i"] })) {
      assert.fail(
        String(key),
      );
    }
  },
);

Deno.test(
  "a conversation is closed, opened again and handed over, and tells so",
  options,
  async () => {
    const told: { type: string; data: Record<string, unknown> }[] = [];
    const heard = Promise.withResolvers<void>();
    const receiver = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      async (request) => {
        const message = await request.json();
        if (message.type === "conversation.handoff") {
          told.push(message);
          heard.resolve();
        }
        return new Response("ok");
      },
    );
    try {
      await using service = await TestService.start({
        env: { ALERT_WEBHOOK_URL: `http://127.0.0.1:${receiver.addr.port}` },
      });
      const call = caller(service);
      const at = "/conversations/c1";
      const body = { conversation_id: "c1", user_message: "hi", bot_id: "shop", user_id: "ada" };
      const prefer = { prefer: "wait=25" };
      await call(wire.TurnQueued, "POST", "/conversations/queue", body, prefer);
      const open = await call(wire.ConversationReopened, "POST", `${at}/reopen`);
      assert.deepEqual([open.reopened, open.reopened_at], [false, undefined]);
      const { closed_at } = await call(wire.ConversationClosed, "POST", `${at}/close`);
      const again = await call(wire.ConversationClosed, "POST", `${at}/close`);
      assert.equal(again.closed_at, closed_at, "closing twice is closing once");
      const closed = (await call(wire.ConversationAnswer, "GET", at)).conversation;
      assert.deepEqual([closed.closed_at, closed.reopened], [closed_at, undefined]);
      assert.equal((await call(wire.ConversationReopened, "POST", `${at}/reopen`)).reopened, true);
      await call(wire.ConversationClosed, "POST", `${at}/close`);
      await call(wire.TurnQueued, "POST", "/conversations/queue", body, prefer);
      const opened = (await call(wire.ConversationAnswer, "GET", at)).conversation;
      assert.deepEqual([opened.closed_at, opened.reopened], [undefined, 2]);

      await call(wire.ImportanceTaken, "POST", `${at}/importance`, { importance: "high" });
      const first = await call(wire.HandoffTaken, "POST", `${at}/handoff`, { reason: "a refund" });
      const second = await call(wire.HandoffTaken, "POST", `${at}/handoff`, {
        reason: "once more",
      });
      assert.equal(second.handoff_at, first.handoff_at);
      const feedback = { satisfaction_score: 2, comment: "too slow" };
      await call(wire.FeedbackTaken, "POST", `${at}/feedback`, feedback);
      const shown = (await call(wire.ConversationAnswer, "GET", at)).conversation;
      assert.deepEqual([shown.handoff_reason, shown.comment], ["a refund", "too slow"]);
      await heard.promise;
      assert.deepEqual(
        told.map(({ data }) => [data.conversation_id, data.reason, data.importance]),
        [["c1", "a refund", "high"]],
      );
      const page = await call(wire.ConversationList, "GET", "/conversations?importance=high");
      assert.deepEqual(page.conversations.map((row) => row.conversation_id), ["c1"]);
      for (const what of ["reopen", "importance", "close", "handoff"]) {
        const path = `/conversations/nobody/${what}`;
        const unknown = await service.request("POST", path, { importance: "low" });
        assert.equal(unknown.status, 404, what);
      }
      const bad = await service.request("POST", `${at}/importance`, { importance: "huge" });
      assert.equal(bad.status, 422);
    } finally {
      await receiver.shutdown();
    }
  },
);
