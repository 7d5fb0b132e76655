import assert from "node:assert/strict";
import { FakeClock } from "../../lib/clock.ts";
import { TokenBuckets } from "./token_buckets.ts";

Deno.test("a bucket gives its burst at once, then its rate", () => {
  const clock = new FakeClock();
  const buckets = new TokenBuckets({ perSecond: 2, burst: 3 }, clock);
  assert.deepEqual([1, 2, 3].map(() => buckets.take("a")), [0, 0, 0]);
  assert.equal(buckets.take("a"), 0.5);
  assert.equal(buckets.take("b"), 0);
  clock.advance(500);
  assert.equal(buckets.wait("a"), 0);
  assert.equal(buckets.take("a"), 0);
  assert.ok(buckets.take("a") > 0);
  clock.advance(3_600_000);
  assert.deepEqual([1, 2, 3].map(() => buckets.take("a")), [0, 0, 0]);
  assert.ok(buckets.take("a") > 0);
});

Deno.test("a rate of 0 is no limit", () => {
  const buckets = new TokenBuckets({ perSecond: 0, burst: 1 }, new FakeClock());
  for (let i = 0; i < 1_000; i++) assert.equal(buckets.take("a"), 0);
});

Deno.test("the number of buckets is bounded", () => {
  const clock = new FakeClock();
  const buckets = new TokenBuckets({ perSecond: 1, burst: 1 }, clock);
  buckets.take("first");
  assert.equal(buckets.take("first"), 1);
  for (let i = 0; i < 20_000; i++) buckets.take(`n${i}`);
  assert.equal(buckets.take("first"), 0);
});
