import assert from "node:assert/strict";
import { largeBot, requestOf, shopBot } from "../../tests/support/bots.ts";
import { FakeClock } from "../clock.ts";
import type { ModelStore } from "./embedded/model_files.ts";
import { EmbeddedResponder, UNKNOWN_ANSWER } from "./embedded_responder.ts";
import { type BotDefinition, MAX_MESSAGE_LENGTH, ResponderError } from "./responder.ts";

/** However slow the machine is, training ends in time. */
const quiet = { signals: false, trainingWaitMs: 600_000 };

Deno.test("a question like an entry gets that entry's answer, word for word", async () => {
  using responder = new EmbeddedResponder(quiet);
  const reply = await responder.respond(requestOf(shopBot(), "how do I return shoes"));
  assert.equal(reply.response, "Send it back within 30 days.");
  assert.equal(reply.source, "knowledge");
  assert.equal(reply.intent, null);
  assert.deepEqual(reply.matched, {
    entry: "knowledge:2",
    question: "How can I return an item?",
  });
  assert.ok(reply.score > 0.5 && reply.score < 1);
  assert.equal(reply.cached, false);
  assert.ok(reply.latencyMs >= 0);
});

Deno.test("an exact match scores 1, however it is written", async () => {
  using responder = new EmbeddedResponder(quiet);
  const address = await responder.respond(requestOf(shopBot(), "  WHAT is the address  "));
  assert.deepEqual([address.score, address.response], [1, "Main Street 1."]);
  const hello = await responder.respond(requestOf(shopBot(), "Hello!!"));
  assert.deepEqual([hello.score, hello.source, hello.intent], [1, "intent", "greet"]);
});

Deno.test("what fits nothing is not answered, but says what was nearest", async () => {
  using responder = new EmbeddedResponder(quiet);
  const reply = await responder.respond(requestOf(shopBot(), "who won the football match"));
  assert.deepEqual([reply.response, reply.source], [UNKNOWN_ANSWER, "none"]);
  assert.ok(reply.matched?.entry);
  const off = await responder.respond(requestOf(largeBot(), "I would like a helicopter, hello"));
  assert.equal(off.source, "none");
  assert.match(off.intent!, /^(lost|order|cancel|price)_/);
  assert.ok(off.score > 0);
});

Deno.test("a bot without knowledge and a message without words are not answered", async () => {
  using responder = new EmbeddedResponder(quiet);
  const empty = shopBot({ knowledge: [], intents: [], defined: false });
  for (
    const request of [
      requestOf(empty, "hello"),
      requestOf(shopBot(), "?!"),
      requestOf(shopBot(), ""),
    ]
  ) {
    const reply = await responder.respond(request);
    assert.deepEqual([reply.response, reply.source, reply.score, reply.intent, reply.matched], [
      UNKNOWN_ANSWER,
      "none",
      0,
      null,
      undefined,
    ]);
  }
});

Deno.test("a large bot is trained in a worker while small ones are answered", async () => {
  using responder = new EmbeddedResponder(quiet);
  const bot = largeBot();
  assert.equal(responder.status(bot), "none");
  responder.prepare(bot);
  assert.equal(responder.status(bot), "training");
  const small = await responder.respond(requestOf(shopBot(), "hello"));
  assert.equal(small.source, "intent");
  assert.equal(responder.status(bot), "training");
  const reply = await responder.respond(requestOf(bot, "somebody has stolen my bicycle"));
  assert.deepEqual([reply.intent, reply.response], ["lost_bicycle", "About lost bicycle."]);
  assert.equal(responder.status(bot), "ready");
});

Deno.test("a new version answers anew, and trains only where examples changed", async () => {
  let trained = 0;
  const models: ModelStore = {
    load: () => Promise.resolve(null),
    save: () => Promise.resolve(void trained++),
    remove: () => Promise.resolve(),
  };
  using responder = new EmbeddedResponder({ ...quiet, models });
  const first = largeBot();
  await responder.respond(requestOf(first, "cancel my flight"));
  const renamed = first.intents.map((intent) => ({ ...intent, answer: `New: ${intent.answer}` }));
  const second = largeBot({ version: 2, intents: renamed });
  const reply = await responder.respond(requestOf(second, "cancel my flight"));
  assert.equal(reply.response, "New: About cancel flight.");
  assert.equal(trained, 1);
  assert.equal(responder.status(first), "none");
});

Deno.test("while a new version is trained the one before it answers, and says so", async () => {
  using responder = new EmbeddedResponder(quiet);
  const first = largeBot();
  const ask = (bot: BotDefinition) => responder.respond(requestOf(bot, "I lost my card"));
  assert.equal((await ask(first)).botVersion, undefined);
  const intents = first.intents.map((intent) => ({
    ...intent,
    examples: [...intent.examples, `${intent.name} again`],
    answer: `New: ${intent.answer}`,
  }));
  const second = largeBot({ version: 2, intents });
  responder.prepare(second);
  const meanwhile = await ask(second);
  assert.deepEqual([meanwhile.response, meanwhile.botVersion], ["About lost card.", 1]);
  assert.equal(responder.status(second), "training");
  while (responder.status(second) === "training") await new Promise((go) => setTimeout(go, 5));
  const then = await ask(second);
  assert.deepEqual([then.response, then.botVersion], ["New: About lost card.", undefined]);
});

Deno.test("a request waits for training up to a bound, then may be tried again", async () => {
  const clock = new FakeClock();
  using responder = new EmbeddedResponder({ ...quiet, clock, trainingWaitMs: 500 });
  const pending = responder.respond(requestOf(largeBot(), "cancel my flight"));
  await Promise.resolve();
  clock.advance(500);
  await assert.rejects(pending, (error: ResponderError) => {
    assert.ok(error instanceof ResponderError && error.retryable && !error.permanent);
    assert.match(error.reason, /still being trained/);
    assert.equal(error.retryAfterMs, 2_000);
    assert.equal(error.unasked, "training", "waiting costs no attempt");
    return true;
  });
});

Deno.test("closing ends the training, and whoever waits hears of it", async () => {
  const responder = new EmbeddedResponder(quiet);
  const pending = [1, 2].map((version) =>
    responder.respond(requestOf(largeBot({ version, botId: `b${version}` }), "cancel my flight"))
  );
  responder.close();
  for (const each of pending) {
    await assert.rejects(each, (error: ResponderError) => error.retryable);
  }
});

Deno.test("an aborted request ends at once and leaves the training to others", async () => {
  using responder = new EmbeddedResponder(quiet);
  const controller = new AbortController();
  const reason = new Error("cancelled by a test");
  const bot = largeBot();
  const gone = responder.respond(
    requestOf(bot, "cancel my flight", { signal: controller.signal }),
  );
  controller.abort(reason);
  await assert.rejects(gone, reason);
  const reply = await responder.respond(requestOf(bot, "cancel my flight"));
  assert.equal(reply.intent, "cancel_flight");
});

Deno.test("models beyond the memory bound are forgotten, and trained again when asked", async () => {
  using responder = new EmbeddedResponder({ ...quiet, maxModelBytes: 1 });
  const bots = ["a", "b"].map((botId) => shopBot({ botId }));
  for (const bot of bots) await responder.respond(requestOf(bot, "hello"));
  assert.deepEqual(bots.map((bot) => responder.status(bot)), ["none", "ready"]);
  const reply = await responder.respond(requestOf(bots[0]!, "hello"));
  assert.equal(reply.response, "Hello!");
});

Deno.test("too long a message and too large a bot fail for good", async () => {
  using responder = new EmbeddedResponder(quiet);
  const long = "a ".repeat(MAX_MESSAGE_LENGTH / 2);
  assert.equal((await responder.respond(requestOf(shopBot(), long))).source, "none");
  const huge = shopBot({
    botId: "huge",
    knowledge: [{ question: "q", answer: "a".repeat(1_100_000) }],
  });
  for (const request of [requestOf(shopBot(), long + "a"), requestOf(huge, "q")]) {
    await assert.rejects(
      responder.respond(request),
      (error: ResponderError) => error instanceof ResponderError && error.permanent,
    );
  }
});

Deno.test("language and sentiment are weak signals beside the reply", async () => {
  using responder = new EmbeddedResponder();
  const reply = async (message: string) => {
    const { language, sentiment } = await responder.respond(requestOf(shopBot(), message));
    return { language, sentiment };
  };
  const angry = await reply("This is the worst and most terrible service that I have ever seen");
  assert.equal(angry.language, "en");
  assert.ok(angry.sentiment! < -0.5);
  assert.ok((await reply("thank you, great!")).sentiment! > 0.5);
  assert.equal((await reply("thank you, great!")).language, "und");
  const german = await reply("Wo finde ich bitte die Rechnung für meine letzte Bestellung?");
  assert.deepEqual(german, { language: "de", sentiment: undefined });
});

Deno.test("of a bot that is deleted while it is trained nothing is kept", async () => {
  for (const deletedWhile of ["training", "saving"]) {
    let version = 1;
    const saved = new Set<string>();
    const models: ModelStore = {
      load: () => Promise.resolve(null),
      save(botId) {
        if (deletedWhile === "saving") version = 0;
        return Promise.resolve(void saved.add(botId));
      },
      remove: (botId) => Promise.resolve(void saved.delete(botId)),
    };
    const versionOf = () => Promise.resolve(version);
    using responder = new EmbeddedResponder({ ...quiet, models, versionOf });
    const bot = largeBot({ intents: largeBot().intents.slice(0, 8) });
    const asked = responder.respond(requestOf(bot, "cancel my account"));
    while (responder.status(bot) !== "training") await new Promise((done) => setTimeout(done));
    if (deletedWhile === "training") {
      version = 0;
      await responder.forget(bot.botId);
      assert.equal(responder.status(bot), "none");
    }
    assert.equal((await asked).response, "About cancel account.", "it had been asked before");
    assert.deepEqual([...saved], [], deletedWhile);
  }
});

Deno.test("while a bot that was deleted is trained again, nothing of before answers", async () => {
  using responder = new EmbeddedResponder(quiet);
  const intents = largeBot().intents.slice(0, 8);
  await responder.respond(requestOf(largeBot({ intents }), "cancel my account"));
  // Another process deleted it, of which this one has heard nothing.
  const anew = largeBot({ version: 2, since: 2, intents: intents.slice(1) });
  const { botVersion } = await responder.respond(requestOf(anew, "cancel my account"));
  assert.equal(botVersion, undefined);
});
