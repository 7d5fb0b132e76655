import assert from "node:assert/strict";
import fc from "fast-check";
import {
  addCounts,
  type Counts,
  decodeCounts,
  encodeCounts,
  hasAny,
  NO_COUNTS,
  recode,
  storedCounts,
} from "./counts.ts";

const delta = fc.uniqueArray(
  fc.tuple(fc.nat({ max: 2 ** 40 }), fc.integer({ min: -(2 ** 40), max: 2 ** 40 })),
  { selector: ([field]) => field, maxLength: 40 },
).map((pairs) => new Map(pairs));
const near = fc.uniqueArray(fc.tuple(fc.nat({ max: 12 }), fc.integer({ min: -3, max: 3 })), {
  selector: ([field]) => field,
}).map((pairs) => new Map(pairs));
const asMap = (c: Counts) => new Map(c.fields.map((f, i) => [f, c.values[i]!]));

Deno.test("the stored form gives the same record back", () => {
  fc.assert(fc.property(delta, (d) => {
    const counts = addCounts(NO_COUNTS, d);
    assert.deepEqual(decodeCounts(encodeCounts(counts)), counts);
  }));
  const wide = addCounts(NO_COUNTS, new Map([[0, 2 ** 52 - 1], [2 ** 50, -(2 ** 52) + 1]]));
  assert.deepEqual(decodeCounts(encodeCounts(wide)), wide);
});

Deno.test("a stored form in which counts change is as if it were made anew", () => {
  let changed = 0;
  const amount = fc.integer({ min: -200, max: 200 });
  fc.assert(fc.property(delta, fc.array(fc.tuple(fc.nat(), amount)), (d, changes) => {
    const before = addCounts(NO_COUNTS, d);
    if (before.fields.length === 0) return;
    const by = changes.map(([n, by]) => [before.fields[n % before.fields.length]!, by] as const);
    const after = addCounts(before, new Map(by));
    if (after.fields !== before.fields) return;
    const kept = storedCounts(before);
    const stored = recode(kept, before, after);
    assert.deepEqual(kept.bytes, encodeCounts(before), "what it was made from stays as it was");
    if (stored === null) return;
    changed++;
    assert.deepEqual(stored.bytes, encodeCounts(after));
    assert.deepEqual(stored.places, storedCounts(after).places);
  }));
  assert.ok(changed > 10);
});

Deno.test("a record is read up to a field", () => {
  fc.assert(fc.property(near, fc.nat({ max: 14 }), (d, end) => {
    const counts = addCounts(NO_COUNTS, d);
    const below = [...asMap(counts)].filter(([field]) => field < end);
    assert.deepEqual(asMap(decodeCounts(encodeCounts(counts), end)), new Map(below));
  }));
});

Deno.test("addition is commutative and associative, and conserves every field", () => {
  fc.assert(fc.property(near, near, near, (a, b, c) => {
    const one = addCounts(addCounts(addCounts(NO_COUNTS, a), b), c);
    const other = addCounts(addCounts(addCounts(NO_COUNTS, c), a), b);
    assert.deepEqual(one, other);
    const plain = new Map<number, number>();
    for (const d of [a, b, c]) {
      for (const [field, by] of d) plain.set(field, (plain.get(field) ?? 0) + by);
    }
    for (const [field, sum] of plain) if (sum === 0) plain.delete(field);
    assert.deepEqual(asMap(one), new Map([...plain].sort((x, y) => x[0] - y[0])));
  }));
});

Deno.test("ranges are half open", () => {
  const counts = addCounts(NO_COUNTS, new Map([[2, 5], [4, 7], [9, 1]]));
  assert.equal(hasAny(counts, 5, 9), false);
  assert.equal(hasAny(counts, 5, 10), true);
});

Deno.test("a count that would lose exactness is refused", () => {
  assert.throws(() => addCounts(NO_COUNTS, new Map([[1, 2 ** 53]])), RangeError);
  assert.throws(() => addCounts(NO_COUNTS, new Map([[1, NaN]])), RangeError);
});
