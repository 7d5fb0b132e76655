import assert from "node:assert/strict";
import fc from "fast-check";
import { TokenBucket } from "./token_bucket.ts";

Deno.test("over any time no more is let through than the rate and one burst allow", () => {
  fc.assert(fc.property(
    fc.double({ min: 0.1, max: 500, noNaN: true }),
    fc.array(fc.nat(400), { maxLength: 200 }),
    (rate, gaps) => {
      const bucket = new TokenBucket(rate, 0);
      let now = 0;
      let taken = 0;
      for (const gap of gaps) {
        now += gap;
        while (bucket.take(now)) taken++;
        assert.ok(bucket.msUntilNext(now) > 0);
      }
      assert.ok(taken <= Math.max(1, rate) + now / 1000 * rate + 1e-6);
    },
  ));
});

Deno.test("after the wait it names, one token is there", () => {
  const bucket = new TokenBucket(3, 0);
  while (bucket.take(0));
  assert.equal(bucket.take(bucket.msUntilNext(0)), true);
});
