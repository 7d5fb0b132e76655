import assert from "node:assert/strict";
import type { CacheableResponder, Reply, ResponderRequest } from "../ai/responder.ts";
import { ProviderWatch } from "./provider_watch.ts";

const request = (signal = new AbortController().signal): ResponderRequest => ({
  bot: {
    botId: "b",
    name: "B",
    defined: true,
    version: 1,
    cache: undefined,
    knowledge: [],
    intents: [],
  },
  conversationId: "c",
  userId: "u",
  message: "hello",
  history: [],
  signal,
});

function provider(respond: () => Promise<Reply>): CacheableResponder {
  return {
    name: "model",
    model: "m-1",
    variant: "v",
    defaultPolicy: "shared",
    usesHistory: true,
    keyText: (message) => message.toLowerCase(),
    respond,
  };
}

Deno.test("a provider is down after three failures in a row and up after one answer", async () => {
  let fault: Error | null = null;
  const reply: Reply = {
    response: "hi",
    source: "llm",
    intent: null,
    score: 1,
    latencyMs: 1,
    cached: false,
  };
  const watch = new ProviderWatch(
    provider(() => fault ? Promise.reject(fault) : Promise.resolve(reply)),
  );
  assert.equal(watch.state().healthy, null);
  assert.equal(watch.keyText("ABC"), "abc");
  assert.equal(watch.model, "m-1");
  await watch.respond(request());
  assert.equal(watch.state().healthy, true);

  fault = Object.assign(new Error("no answer"), { statusCode: 503 });
  const fail = (asked = request()) => assert.rejects(watch.respond(asked), fault!);
  await fail();
  await fail();
  assert.equal(watch.state().healthy, true);
  const gone = new AbortController();
  gone.abort();
  await fail(request(gone.signal));
  fault = Object.assign(new Error("too long"), { statusCode: 413 });
  await fail();
  assert.equal(watch.state().healthy, true, "callers' faults do not count");
  fault = Object.assign(new Error("no answer"), { statusCode: 503 });
  await fail();
  assert.equal(watch.state().healthy, false);
  assert.match(watch.state().detail, /3 calls in a row failed, the last: no answer/);
  fault = null;
  await watch.respond(request());
  assert.equal(watch.state().healthy, true);
});
