import assert from "node:assert/strict";
import { randomFor, seed } from "./randomness.ts";

Deno.test("randomness: a test draws the same numbers for one seed, others draw others", () => {
  const draw = (name: string) => {
    const random = randomFor(name);
    return Array.from({ length: 20 }, () => random.between(1, 1_000));
  };
  assert.ok(Number.isInteger(seed));
  assert.deepEqual(draw("one"), draw("one"));
  assert.notDeepEqual(draw("one"), draw("another"));
  assert.ok(draw("one").every((number) => number >= 1 && number <= 1_000));
});
