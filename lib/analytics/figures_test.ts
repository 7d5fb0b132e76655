import assert from "node:assert/strict";
import fc from "fast-check";
import { addCounts, NO_COUNTS } from "../kv/counts.ts";
import { daysOf } from "./figures/range.ts";
import { bucketOf, BUCKETS, middleOf, percentile } from "./histogram.ts";
import { compareIds, meanScore, ratio2, round2 } from "./rounding.ts";
import { trendDirection } from "./trend.ts";

Deno.test("ratios round half away from zero, exactly, and are null over nothing", () => {
  assert.equal(ratio2(1, 0), null);
  assert.equal(ratio2(0, 7), 0);
  assert.equal(ratio2(1, 3), 0.33);
  assert.equal(ratio2(201, 200), 1.01); // 1.005, which floating point would round down
  assert.equal(ratio2(-201, 200), -1.01);
  assert.equal(ratio2(-1, 3, 100), -33.33);
  assert.equal(Object.is(ratio2(0, 5), 0), true);
  assert.equal(Object.is(ratio2(-1, 1000), 0), true);
});

Deno.test("a measured value rounds half away from zero, as its decimals say", () => {
  assert.equal(round2(1.005), 1.01);
  assert.equal(round2(-10.075), -10.08);
  assert.equal(Object.is(round2(-0.001), 0), true);
  fc.assert(fc.property(fc.integer({ min: -4_000_000_000, max: 4_000_000_000 }), (thousandths) => {
    assert.equal(round2(thousandths / 1000), ratio2(thousandths, 1000));
  }));
});

Deno.test("a mean of rounded thirds that is a tie rounds up", () => {
  const micro = (score: number) => Math.round(score * 1e6);
  const scores = [7 / 3, 7 / 3, 7 / 3, 1, 1, 1, 1, 1]; // sums to 12, mean 1.5
  assert.equal(meanScore(scores.reduce((sum, s) => sum + micro(s), 0), scores.length), 1.5);
  const tie = [7 / 3, 7 / 3, 7 / 3, 1, 1, 1, 1, 2]; // 13 ÷ 8 = 1.625
  assert.equal(meanScore(tie.reduce((sum, s) => sum + micro(s), 0), tie.length), 1.63);
  assert.equal(meanScore(0, 0), null);
});

Deno.test("the trend compares the later days with the first half, 5% either way", () => {
  assert.equal(trendDirection([]), "insufficient_data");
  assert.equal(trendDirection([9]), "insufficient_data");
  assert.equal(trendDirection([0, 0, 0]), "stable");
  assert.equal(trendDirection([0, 1]), "increasing");
  assert.equal(trendDirection([100, 105]), "stable");
  assert.equal(trendDirection([100, 106]), "increasing");
  assert.equal(trendDirection([100, 95]), "stable");
  assert.equal(trendDirection([100, 94]), "decreasing");
  // Seven days: the first three (mean 10) against the last four (mean 10.5).
  assert.equal(trendDirection([10, 10, 10, 10, 11, 10, 11]), "stable");
  assert.equal(trendDirection([10, 10, 10, 10, 11, 11, 11]), "increasing");
});

Deno.test("a percentile of the histogram is within 2.5% of the true one", () => {
  fc.assert(fc.property(
    fc.array(fc.double({ min: 0.2, max: 3_000_000, noNaN: true }), { minLength: 1 }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    (values, p) => {
      const delta = new Map<number, number>([[99, 5], [100 + BUCKETS, 5]]);
      for (const value of values) {
        const field = 100 + bucketOf(value);
        delta.set(field, (delta.get(field) ?? 0) + 1);
      }
      const got = percentile(addCounts(NO_COUNTS, delta), 100, p)!;
      const sorted = values.sort((a, b) => a - b);
      const rank = Math.min(values.length, Math.max(1, Math.ceil(p * values.length)));
      const truth = sorted[rank - 1]!;
      assert.ok(Math.abs(got - truth) <= truth * 0.0251, `${got} for ${truth}`);
    },
  ));
  assert.equal(percentile(NO_COUNTS, 100, 0.5), null);
  assert.equal(bucketOf(-5), 0);
  assert.equal(bucketOf(1e12), BUCKETS - 1);
  assert.ok(middleOf(BUCKETS - 1) < 3_700_000);
});

Deno.test("ids are ordered by code point, as the database orders them", () => {
  const ids = ["b", "a", "ab", "\u{1F600}", "\uFFFD", "é", ""];
  const encoder = new TextEncoder();
  const hex = (id: string) => encoder.encode(id).toHex();
  assert.deepEqual(
    [...ids].sort(compareIds),
    [...ids].sort((a, b) => hex(a) < hex(b) ? -1 : 1),
  );
});

Deno.test("a range may have as many days as it is told, both ends among them", () => {
  const days = { from: "2026-01-01", to: "2026-03-03", zone: "UTC" };
  assert.deepEqual(daysOf(days, 0, 62), { from: days.from, to: days.to });
  assert.throws(() => daysOf({ ...days, to: "2026-03-04" }, 0, 62), /at most 62 .* has 63/);
});
