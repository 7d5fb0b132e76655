import assert from "node:assert/strict";
import { requestOf, shopBot } from "../../tests/support/bots.ts";
import { FakeClock } from "../clock.ts";
import { silentLogger } from "../log.ts";
import { CircuitBreaker } from "./circuit_breaker.ts";
import { ProviderChain } from "./provider_chain.ts";
import { type CacheableResponder, ResponderError, type ResponderRequest } from "./responder.ts";

const no = (options: Partial<ResponderError> = {}) =>
  new ResponderError({ retryable: true, reason: "no", ...options });

/** A provider that tells two words, and then fails where it is told to. */
function provider(model: string) {
  const requests: ResponderRequest[] = [];
  const made: CacheableResponder & { requests: ResponderRequest[]; fails?: Error } = {
    name: "p",
    model,
    variant: model,
    defaultPolicy: "off",
    usesHistory: true,
    keyText: (message) => message,
    requests,
    respond(request) {
      requests.push(request);
      request.onText?.(`${model} says`);
      if (made.fails) return Promise.reject(made.fails);
      const rest = { source: "llm" as const, intent: null, score: 1, latencyMs: 1, cached: false };
      return Promise.resolve({ response: `${model} says`, model, ...rest });
    },
  };
  return made;
}

function chain(clock = new FakeClock()) {
  const all = ["a", "b", "c"].map(provider);
  const [first, ...others] = all.map((each) =>
    new CircuitBreaker(each, { clock, failures: 2, openMs: 1_000 })
  );
  return { all, clock, chain: new ProviderChain(first!, others, silentLogger) };
}

Deno.test("the next provider answers where one fails, in their order, and says so", async () => {
  const { all: [a, b, c], chain: asked } = chain();
  const ask = () => asked.respond(requestOf(shopBot({ model: "own" }), "hello"));
  assert.deepEqual([(await ask()).model, (await ask()).fallback], ["a", undefined]);
  a!.fails = no({ statusCode: 401, retryable: false });
  const second = await ask();
  assert.deepEqual([second.model, second.fallback], ["b", "provider"]);
  b!.fails = no();
  assert.equal((await ask()).model, "c");
  assert.equal(a!.requests[0]!.bot.model, "own");
  assert.equal(b!.requests[0]!.bot.model, undefined, "the others know no model of the bot's");
  assert.equal(c!.requests.length, 1);
});

Deno.test("each provider rests by itself, and is tried again by itself", async () => {
  const { all: [a, b], chain: asked, clock } = chain();
  const ask = () => asked.respond(requestOf(shopBot(), "hello"));
  a!.fails = no({ statusCode: 500 });
  for (let i = 0; i < 5; i++) assert.equal((await ask()).model, "b");
  assert.deepEqual([a!.requests.length, b!.requests.length], [2, 5]);
  clock.advance(1_000);
  a!.fails = undefined;
  assert.deepEqual([(await ask()).model, (await ask()).model], ["a", "a"]);
});

Deno.test("when all fail, the error is worth a retry if one is, after the shortest pause", async () => {
  const { all, chain: asked } = chain();
  const ask = () => asked.respond(requestOf(shopBot(), "hello"));
  all[0]!.fails = no({ retryable: false, statusCode: 400, reason: "bad" });
  all[1]!.fails = no({ statusCode: 429, retryAfterMs: 9_000 });
  all[2]!.fails = no({ statusCode: 429, retryAfterMs: 4_000 });
  await assert.rejects(
    ask(),
    (e: ResponderError) => e.retryable && e.retryAfterMs === 4_000 && !e.unasked,
  );
  await assert.rejects(ask());
  all[0]!.fails = no();
  await assert.rejects(ask());
  await assert.rejects(ask());
  await assert.rejects(ask(), (e: ResponderError) => e.unasked && e.retryAfterMs! <= 1_000);
});

Deno.test("what a failed provider has told is void before the next one tells", async () => {
  const { all: [a], chain: asked } = chain();
  a!.fails = no();
  const told: string[] = [];
  await asked.respond(requestOf(shopBot(), "hello", {
    onText: (text) => told.push(text),
    onRestart: () => told.push("restart"),
  }));
  assert.deepEqual(told, ["a says", "restart", "b says"]);
});

Deno.test("whoever leaves is not answered by the next provider", async () => {
  const { all: [a, b], chain: asked } = chain();
  const leaving = new AbortController();
  const respond = a!.respond.bind(a!);
  a!.respond = (request) => {
    leaving.abort(new Error("gone"));
    return respond(request).then(() => Promise.reject(no()));
  };
  await assert.rejects(
    asked.respond(requestOf(shopBot(), "hello", { signal: leaving.signal })),
    /gone/,
  );
  assert.equal(b!.requests.length, 0);
});
