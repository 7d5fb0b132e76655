import assert from "node:assert/strict";
import { FakeClock } from "../clock.ts";
import { Breaker } from "./breaker.ts";

function subject() {
  const clock = new FakeClock();
  const probes: PromiseWithResolvers<boolean>[] = [];
  const log: string[] = [];
  const breaker = new Breaker({
    clock,
    probe() {
      probes.push(Promise.withResolvers<boolean>());
      return probes.at(-1)!.promise;
    },
    onOpen: (reason) => log.push(`open: ${reason}`),
    onClose: (ms) => log.push(`closed after ${ms}`),
    minDelayMs: 100,
    maxDelayMs: 400,
  });
  const answer = async (answered: boolean) => {
    probes.at(-1)!.resolve(answered);
    for (let i = 0; i < 5; i++) await Promise.resolve();
  };
  return { clock, probes, log, breaker, answer };
}

Deno.test("breaker: one failure opens it, an answered probe closes it", async () => {
  const { breaker, probes, log, answer, clock } = subject();
  assert.equal(breaker.closed, false);
  breaker.probeNow();
  await answer(true);
  assert.equal(breaker.state, "closed");
  breaker.trip("timed out");
  assert.deepEqual([breaker.closed, breaker.state, breaker.reason], [
    false,
    "half-open",
    "timed out",
  ]);
  assert.equal(probes.length, 2);
  clock.advance(30);
  await answer(true);
  assert.equal(breaker.closed, true);
  assert.deepEqual(log, ["closed after 0", "open: timed out", "closed after 30"]);
});

Deno.test("breaker: probes come less and less often, up to a bound, one at a time", async () => {
  const { breaker, probes, answer, clock } = subject();
  breaker.probeNow();
  await answer(true);
  breaker.trip("gone");
  for (const delay of [100, 200, 400, 400]) {
    const before = probes.length;
    breaker.trip("gone again");
    assert.equal(probes.length, before);
    await answer(false);
    assert.equal(breaker.state, "open");
    clock.advance(delay - 1);
    assert.equal(probes.length, before);
    clock.advance(1);
    assert.equal(probes.length, before + 1);
  }
});

Deno.test("breaker: news during a probe are looked into after it", async () => {
  const { breaker, probes, answer } = subject();
  breaker.probeNow();
  breaker.probeNow();
  assert.equal(probes.length, 1);
  await answer(false);
  assert.equal(probes.length, 2);
  await answer(true);
  assert.equal(breaker.closed, true);
});

Deno.test("breaker: nothing happens after it was stopped", async () => {
  const { breaker, probes, log, answer, clock } = subject();
  breaker.probeNow();
  breaker.stop();
  await answer(true);
  clock.advance(10_000);
  breaker.probeNow();
  breaker.trip("x");
  assert.deepEqual([probes.length, log, breaker.closed], [1, [], false]);
});
