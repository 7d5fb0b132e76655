import assert from "node:assert/strict";
import fc from "fast-check";
import { countNoise, judge, type Judgement, percentileNoise, rateNoise } from "./anomaly.ts";

const day = (value: number, n = 1) => ({ value, n });
const rounded = ({ expected, low, high, score, anomalous, n }: Judgement) => ({
  expected,
  low: Math.round(low * 100) / 100,
  high: Math.round(high * 100) / 100,
  score: Math.round(score * 100) / 100,
  anomalous,
  n,
});

Deno.test("a day far from the same weekdays is an anomaly, one odd week among them is none", () => {
  const mondays = [100, 104, 96, 900, 102, 98];
  // Median 101, deviations 1 3 5 799 1 3: their median 3; chance alone gives √101.
  assert.deepEqual(rounded(judge(day(60), mondays, countNoise)!), {
    expected: 101,
    low: 65.83,
    high: 136.17,
    score: -4.08,
    anomalous: true,
    n: 6,
  });
  assert.equal(judge(day(66), mondays, countNoise)!.anomalous, false);
  assert.equal(judge(day(137), mondays, countNoise)!.anomalous, true);
  assert.equal(judge(day(60), [100, 104, 96], countNoise), null);
});

Deno.test("a rate of few is not an anomaly where the same rate of many is", () => {
  const rates = [90, 90, 91, 90, 89];
  assert.equal(judge(day(50, 4), rates, rateNoise)!.anomalous, false);
  assert.equal(judge(day(50, 400), rates, rateNoise)!.anomalous, true);
  assert.equal(judge(day(99, 100), [100, 100, 100, 100], rateNoise)!.anomalous, false);
  assert.equal(judge(day(100, 100), [100, 100, 100, 100], rateNoise)!.score, 0);
  assert.equal(judge(day(118), [100, 100, 100, 100], percentileNoise)!.anomalous, true);
  assert.equal(judge(day(0), [0, 0, 0, 0], percentileNoise)!.anomalous, false);
});

Deno.test("what is usual is no anomaly, whatever the order of the weeks", () => {
  const values = fc.array(fc.nat(100_000), { minLength: 4, maxLength: 8 });
  fc.assert(fc.property(values, fc.nat(100_000), (earlier, value) => {
    const judged = judge(day(value), earlier, countNoise)!;
    assert.deepEqual(judge(day(value), earlier.toReversed(), countNoise), judged);
    assert.equal(judged.anomalous, value < judged.low || value > judged.high);
    assert.equal(judge(day(judged.expected), earlier, countNoise)!.anomalous, false);
  }));
});
