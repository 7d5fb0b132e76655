import assert from "node:assert/strict";
import { apart, balance, quantile, slopeOf } from "./figures.ts";

Deno.test("soak: a steady figure has no slope, a leak has its own", () => {
  const noisy = Array.from({ length: 200 }, (_, i) => ({ at: i * 5, value: 100 + (i % 7) }));
  const flat = slopeOf(noisy);
  assert.ok(Math.abs(flat.perHour) <= flat.uncertainty, JSON.stringify(flat));
  const leak = slopeOf(noisy.map(({ at, value }) => ({ at, value: value + at / 100 })));
  assert.ok(Math.abs(leak.perHour - 36) < 2 && leak.perHour > leak.uncertainty);
  assert.deepEqual(slopeOf([{ at: 0, value: 1 }]), { perHour: 0, uncertainty: Infinity });
});

Deno.test("soak: quantiles are nearest ranks", () => {
  assert.equal(quantile([3, 1, 2, 4], 0.5), 2);
  assert.equal(quantile([3, 1, 2, 4], 0.95), 4);
  assert.equal(quantile([], 0.5), null);
});

Deno.test("soak: turns without an answer are lost, answers beyond one a turn doubled", () => {
  const turns = new Map([["a", 2], ["b", 1], ["c", 1]]);
  const answers = new Map([["a", 1], ["b", 3]]);
  assert.deepEqual(balance(turns, answers), { acknowledged: 4, lost: 2, doubled: 2 });
});

Deno.test("soak: what was measured while something was wrong is set apart", () => {
  const spans = [{ from: 10, to: 12 }, { from: 30, to: 31 }];
  const measured = [
    { at: 1, ms: 20 },
    { at: 9.5, ms: 1_500 }, // began before, and waited for it
    { at: 11, ms: 5 },
    { at: 12.5, ms: 5 },
    { at: 29, ms: 500 },
  ];
  assert.deepEqual(apart(measured, spans).map(({ at }) => at), [1, 12.5, 29]);
});
