import assert from "node:assert/strict";
import * as bots from "../../lib/wire/schemas/bots.ts";
import { UnansweredAnswer } from "../../lib/wire/schemas/figures.ts";
import * as conversations from "../../lib/wire/schemas/conversations.ts";
import { UNKNOWN_ANSWER } from "../../lib/ai/embedded_responder.ts";
import { AuditPage } from "../../lib/wire/schemas/tokens.ts";
import { largeBot } from "../support/bots.ts";
import { caller } from "../support/contract.ts";
import { TestService } from "../support/service.ts";

const options = { sanitizeOps: true, sanitizeResources: true };
const MIB = 1024 ** 2;

Deno.test("while a bot is trained anew, what it knew before answers", options, async () => {
  await using service = await TestService.start();
  const call = caller(service);
  const put = (body: unknown) => call(bots.BotAnswer, "PUT", "/bots/big", body);
  const status = async () => {
    const { bots: rows } = await call(bots.BotList, "GET", "/bots");
    return rows.find(({ bot_id }) => bot_id === "big")!.classifier;
  };
  const trained = async (version: number) => {
    for (;;) {
      const classifier = await status();
      assert.ok(["training", "ready"].includes(classifier.status), classifier.status);
      if (classifier.status === "ready" && classifier.version === version) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const ask = async (id: string) => {
    const body = { conversation_id: id, user_message: "my charger is gone", bot_id: "big" };
    const prefer = { prefer: "wait=25" };
    const said = await call(conversations.TurnQueued, "POST", "/conversations/queue", body, prefer);
    return said.result!;
  };
  const { intents } = largeBot();
  assert.equal((await put({ name: "Big", intents })).bot.classifier.status, "training");
  await trained(1);
  const more = intents.map((intent) => ({
    ...intent,
    examples: intent.examples.flatMap((text) => [text, `${text} now`, `so ${text}`, `${text} eh`]),
    answer: `New: ${intent.answer}`,
  }));
  assert.equal((await put({ name: "Big", intents: more })).bot.classifier.status, "training");
  const meanwhile = await ask("a");
  assert.deepEqual(
    [meanwhile.response, meanwhile.bot_version, meanwhile.cached],
    ["About lost charger.", 1, false],
  );
  await trained(2);
  const then = await ask("b");
  assert.deepEqual(
    [then.response, then.bot_version, then.cached],
    ["New: About lost charger.", undefined, false],
  );
});

Deno.test("150 intents of 100 examples each fit a definition", options, async () => {
  await using service = await TestService.start();
  const intents = Array.from({ length: 150 }, (_, n) => ({
    name: `intent_${n}`,
    answer: `About ${n}.`,
    examples: Array.from(
      { length: 100 },
      (_, i) => `example ${i} of what people say about it ${n}`,
    ),
  }));
  const bytes = JSON.stringify({ name: "Huge", intents }).length;
  assert.ok(bytes > 0.6 * MIB && bytes < MIB, `${bytes}`);
  const { bot } = await caller(service)(bots.BotAnswer, "PUT", "/bots/huge", {
    name: "Huge",
    intents,
  });
  assert.deepEqual([bot.intents.length, bot.classifier.status], [150, "training"]);
  const { status } = await service.request("PUT", "/bots/huge", {
    name: "Huge",
    intents: [...intents, ...intents],
  });
  assert.equal(status, 413);
});

Deno.test("language and sentiment are guessed where that is switched on", options, async () => {
  await using service = await TestService.start({ env: { AI_SIGNALS: "true" } });
  const call = caller(service);
  const body = {
    conversation_id: "c",
    user_message: "Your service is wonderful, thank you very much indeed!",
    bot_id: "shop",
  };
  const prefer = { prefer: "wait=25" };
  const said = await call(conversations.TurnQueued, "POST", "/conversations/queue", body, prefer);
  assert.equal(said.result!.language, "en");
  assert.ok(said.result!.sentiment! > 0);
});

Deno.test("what a bot has been taught is not to be taught next", options, async () => {
  await using service = await TestService.start();
  const call = caller(service);
  const question = "Can I bring my dog?";
  let asked = 0;
  const ask = (user_message: string) =>
    call(
      conversations.TurnQueued,
      "POST",
      "/conversations/queue",
      { conversation_id: `c${asked++}`, user_message, bot_id: "shop" },
      { prefer: "wait=25" },
    );
  const left = async () => {
    const path = "/analytics/unanswered?bot_id=shop";
    const { questions } = await call(UnansweredAnswer, "GET", path);
    return questions.map((row) => row.question).toSorted();
  };
  await ask(question);
  await ask("Where is the car park?");
  assert.deepEqual(await left(), [question, "Where is the car park?"]);
  const knowledge = [{ question, answer: "On a lead." }];
  await call(bots.BotAnswer, "PUT", "/bots/shop", { name: "Shop", knowledge });
  assert.equal((await ask(question)).result!.response, "On a lead."); // trained by now
  assert.deepEqual(await left(), ["Where is the car park?"]);
  await call(bots.BotAnswer, "PUT", "/bots/shop", { name: "Shop", knowledge: [] });
  assert.deepEqual(
    await left(),
    [question, "Where is the car park?"],
    "and is again when it is not",
  );
});

Deno.test("a deleted bot is as one that nobody defined; what was said stays", options, async () => {
  await using service = await TestService.start();
  const call = caller(service);
  const define = (answer: string) =>
    call(bots.BotAnswer, "PUT", "/bots/big", {
      name: "Big",
      intents: largeBot().intents.slice(0, 8).map((intent) => ({ ...intent, answer })),
    });
  const queue = (id: string, headers?: Record<string, string>) =>
    call(conversations.TurnQueued, "POST", "/conversations/queue", {
      conversation_id: id,
      user_message: "my card is gone",
      bot_id: "big",
    }, headers ?? { prefer: "wait=25" });
  const remove = () => call(bots.BotDeleted, "DELETE", "/bots/big");
  const models = () => [...Deno.readDirSync(`${service.dataDir}/models`)].length;

  const { timestamp: _, ...nothing } = await remove() as Record<string, unknown>;
  assert.deepEqual(nothing, { status: "success", bot_id: "big", deleted: false });
  assert.equal((await service.request("GET", "/bots/big")).status, 404);
  await define("Before.");
  assert.equal((await queue("a")).result!.response, "Before.");
  assert.equal((await queue("b")).result!.cached, true);
  assert.equal(models(), 1);

  await service.request("PUT", "/queues/conversations/pause");
  await queue("c", {});
  assert.equal((await remove()).deleted, true);
  assert.equal((await remove()).deleted, false);
  assert.equal(models(), 0);
  const { bot } = await call(bots.BotAnswer, "GET", "/bots/big");
  assert.deepEqual([bot.defined, bot.version, bot.name, bot.intents], [false, 0, "big", []]);
  await service.request("DELETE", "/queues/conversations/pause");
  await queue("c"); // answered after the one that waited
  const { conversation } = await call(conversations.ConversationAnswer, "GET", "/conversations/c");
  const replies = conversation.messages.filter(({ role }) => role === "assistant");
  assert.deepEqual(replies.map(({ content }) => content), [UNKNOWN_ANSWER, UNKNOWN_ANSWER]);
  const kept = await call(conversations.ConversationAnswer, "GET", "/conversations/a");
  assert.match(JSON.stringify(kept), /Before\./);

  assert.equal((await define("After.")).bot.version, 2);
  const again = (await queue("d")).result!;
  assert.deepEqual([again.response, again.cached, again.bot_version], ["After.", false, undefined]);
  const { entries } = await call(AuditPage, "GET", "/audit?action=DELETE+/bots/{bot_id}");
  assert.equal(entries.reduce((sum, { count = 1 }) => sum + count, 0), 3);
});
