import assert from "node:assert/strict";
import { requestOf, shopBot } from "../../tests/support/bots.ts";
import { FakeClock } from "../clock.ts";
import { CircuitBreaker } from "./circuit_breaker.ts";
import { type CacheableResponder, type Reply, ResponderError } from "./responder.ts";

const REPLY: Reply = {
  response: "fine",
  source: "llm",
  intent: null,
  score: 1,
  latencyMs: 1,
  cached: false,
};

function open(clock: FakeClock) {
  const provider = { asked: 0, answer: () => Promise.resolve(REPLY) };
  const inner: CacheableResponder = {
    name: "p",
    model: "m",
    variant: "v",
    defaultPolicy: "off",
    usesHistory: true,
    keyText: (message) => message,
    respond() {
      provider.asked++;
      return provider.answer();
    },
  };
  return { provider, breaker: new CircuitBreaker(inner, { clock, failures: 3, openMs: 1_000 }) };
}

const failing = (statusCode: number, retryable = true) => () =>
  Promise.reject(new ResponderError({ retryable, statusCode, reason: "no" }));

Deno.test("after failures in a row nobody is asked, then one tries for all", async () => {
  const clock = new FakeClock();
  const { provider, breaker } = open(clock);
  const ask = () => breaker.respond(requestOf(shopBot(), "hello"));
  provider.answer = failing(500);
  for (let i = 0; i < 3; i++) await assert.rejects(ask());
  assert.equal(breaker.state, "open");
  await assert.rejects(
    ask(),
    (error: ResponderError) => error.unasked && error.retryAfterMs === 1_000,
  );
  assert.equal(provider.asked, 3);

  clock.advance(1_000);
  assert.equal(breaker.state, "half-open");
  const both = await Promise.allSettled([ask(), ask()]);
  assert.equal(provider.asked, 4);
  assert.deepEqual(both.map(({ status }) => status), ["rejected", "rejected"]);
  clock.advance(1_999);
  assert.equal(breaker.state, "open", "a failed try doubles the rest");
  clock.advance(1);
  provider.answer = () => Promise.resolve(REPLY);
  assert.equal((await ask()).response, "fine");
  assert.equal(breaker.state, "closed");
});

Deno.test("requests under way when it opens do not prolong the rest as they fail", async () => {
  const clock = new FakeClock();
  const { provider, breaker } = open(clock);
  provider.answer = failing(500);
  const together = Array.from({ length: 8 }, () => breaker.respond(requestOf(shopBot(), "hello")));
  await Promise.allSettled(together);
  assert.equal(provider.asked, 8);
  clock.advance(999);
  assert.equal(breaker.state, "open");
  clock.advance(1);
  assert.equal(breaker.state, "half-open");
});

Deno.test("requests that are wrong in themselves and cancelled ones do not open it", async () => {
  const { provider, breaker } = open(new FakeClock());
  provider.answer = failing(400, false);
  for (let i = 0; i < 5; i++) await assert.rejects(breaker.respond(requestOf(shopBot(), "hello")));
  const gone = new AbortController();
  provider.answer = () => {
    gone.abort();
    return Promise.reject(gone.signal.reason);
  };
  for (let i = 0; i < 5; i++) {
    await assert.rejects(breaker.respond(requestOf(shopBot(), "hi", { signal: gone.signal })));
  }
  assert.equal(breaker.state, "closed");
  provider.answer = failing(401, false);
  for (let i = 0; i < 3; i++) await assert.rejects(breaker.respond(requestOf(shopBot(), "hello")));
  assert.equal(breaker.state, "open");
});
