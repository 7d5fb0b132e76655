import assert from "node:assert/strict";
import { CircuitBreaker } from "../ai/circuit_breaker.ts";
import {
  type CacheableResponder,
  type Reply,
  ResponderError,
  type ResponderRequest,
} from "../ai/responder.ts";
import { FakeClock } from "../clock.ts";
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

Deno.test("while the circuit is open, health goes on to say what the provider itself said", async () => {
  let asked = 0;
  const refusal = new ResponderError({
    retryable: false,
    statusCode: 401,
    reason: "The AI provider refuses AI_API_KEY",
  });
  const refusing = provider(() => {
    asked++;
    return Promise.reject(refusal);
  });
  const watch = new ProviderWatch(new CircuitBreaker(refusing, { clock: new FakeClock() }));
  for (let call = 0; call < 20; call++) await assert.rejects(watch.respond(request()));
  assert.equal(asked, 5, "the circuit has opened");
  assert.equal(watch.state().healthy, false);
  assert.equal(
    watch.state().detail,
    "5 calls in a row failed, the last: The AI provider refuses AI_API_KEY",
  );
});
