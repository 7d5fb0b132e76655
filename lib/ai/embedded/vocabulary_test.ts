import assert from "node:assert/strict";
import fc from "fast-check";
import { Vocabulary } from "./vocabulary.ts";

const bags = fc.array(
  fc.array(
    fc.tuple(fc.nat(0xffffffff), fc.integer({ min: 1, max: 5 })),
    { minLength: 1, maxLength: 20 },
  ).map((entries) => new Map(entries)),
  { minLength: 1, maxLength: 20 },
);

Deno.test("a vector has length 1, known indices only, and full coverage of what was fitted", () => {
  fc.assert(fc.property(bags, (all) => {
    const vocabulary = Vocabulary.fit(all, all.length, 1, 1_000);
    assert.equal(vocabulary.size, new Set(all.flatMap((bag) => [...bag.keys()])).size);
    for (const bag of all) {
      const { indices, values, coverage } = vocabulary.vector(bag);
      assert.equal(indices.length, bag.size);
      assert.equal(new Set(indices).size, bag.size);
      assert.ok(indices.every((index) => index >= 0 && index < vocabulary.size));
      assert.ok(Math.abs(Math.hypot(...values) - 1) < 1e-5);
      assert.ok(Math.abs(coverage - 1) < 1e-6);
    }
  }));
});

Deno.test("a vocabulary keeps frequent features and never more than allowed", () => {
  const all = [new Map([[1, 1], [2, 1]]), new Map([[2, 1], [3, 1]]), new Map([[2, 1], [3, 1]])];
  assert.equal(Vocabulary.fit(all, 3, 2, 10).size, 2);
  const one = Vocabulary.fit(all, 3, 1, 1);
  assert.equal(one.size, 1);
  assert.equal(one.vector(new Map([[2, 1]])).coverage, 1);
  assert.equal(one.vector(new Map([[1, 1]])).coverage, 0);
});

Deno.test("what occurs outside the bot's own examples must do so twice", () => {
  const all = [new Map([[1, 1]]), new Map([[2, 1], [3, 1]]), new Map([[3, 1]])];
  const vocabulary = Vocabulary.fit(all, 1, 1, 10);
  assert.equal(vocabulary.size, 2);
  assert.equal(vocabulary.vector(new Map([[2, 1]])).coverage, 0);
  const half = vocabulary.vector(new Map([[1, 1], [2, 1]])).coverage;
  assert.ok(half > 0 && half < 1);
});
