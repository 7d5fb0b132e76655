import assert from "node:assert/strict";
import fc from "fast-check";
import { rate, WindowedCounts } from "./windowed_counts.ts";

Deno.test("the window's sum is that of the additions whose minute lies in it", () => {
  const minute = fc.integer({ min: 1_000, max: 1_060 });
  const addition = fc.record({ minute, hits: fc.nat(100), lookups: fc.nat(100) });
  fc.assert(fc.property(fc.integer({ min: 1, max: 20 }), fc.array(addition), (size, additions) => {
    const window = new WindowedCounts(size, ["hits", "lookups"]);
    // Time goes on: what is added late by a whole window is gone already.
    const inOrder = additions.toSorted((a, b) => a.minute - b.minute);
    for (const { minute, ...counts } of inOrder) window.add(minute, counts);
    for (const end of [1_000, 1_030, 1_060, 1_200]) {
      const inside = inOrder.filter((a) => a.minute <= end && a.minute > end - size);
      // A minute that a later one has pushed out of its slot cannot be asked for any more.
      if (inOrder.some((a) => a.minute > end)) continue;
      assert.deepEqual(window.total(end), {
        hits: inside.reduce((sum, a) => sum + a.hits, 0),
        lookups: inside.reduce((sum, a) => sum + a.lookups, 0),
      });
    }
  }));
});

Deno.test("an addition to a minute that has left the window changes nothing", () => {
  const window = new WindowedCounts(10, ["n"]);
  window.add(100, { n: 5 });
  window.add(90, { n: 7 });
  assert.deepEqual(window.total(100), { n: 5 });
  assert.deepEqual(window.at(90), { n: 0 });
});

Deno.test("what is read from a window is a copy", () => {
  const window = new WindowedCounts(10, ["n"]);
  window.add(100, { n: 5 });
  window.at(100).n = 9;
  window.total(100).n = 9;
  assert.deepEqual(window.total(100), { n: 5 });
});

Deno.test("a rate over nothing is null", () => {
  assert.equal(rate(0, 0), null);
  assert.equal(rate(1, 4), 25);
});
