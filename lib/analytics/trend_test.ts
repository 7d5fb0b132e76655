import assert from "node:assert/strict";
import { trendSlope } from "./trend.ts";

Deno.test("a slope whose percentage is a tie rounds away from zero, whatever floats make of it", () => {
  const falling = trendSlope([73, 55]); // mean 64, slope −18: −28.125%
  assert.deepEqual(falling, { value: -18, percent: -28.13, n: 2 });
  assert.deepEqual(trendSlope([55, 73]), { value: 18, percent: 28.13, n: 2 });
  assert.deepEqual(trendSlope([0, 0, 0]), { value: 0, percent: null, n: 3 });
  assert.deepEqual(trendSlope([4]), { value: null, percent: null, n: 1 });
});
