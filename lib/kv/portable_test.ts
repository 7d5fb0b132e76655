import assert from "node:assert/strict";
import fc from "fast-check";
import { entryLine, entryOf } from "./portable.ts";

const part = fc.oneof(
  fc.string(),
  fc.double({ noNaN: true }),
  fc.bigInt(),
  fc.boolean(),
  fc.uint8Array({ maxLength: 20 }),
);
const value = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true });

Deno.test("portable entries: every key and value comes back as it was", () => {
  fc.assert(fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), value, (key, value) => {
    const line = entryLine({ key, value });
    assert.ok(!line.includes("\n"));
    const back = entryOf(line);
    assert.deepStrictEqual(back.key, key);
    assert.deepStrictEqual(back.value, structuredClone(value));
  }));
});

Deno.test("portable entries: counters stay counters, and what is no entry is refused", () => {
  const { value } = entryOf(entryLine({ key: ["n"], value: new Deno.KvU64(2n ** 63n) }));
  assert.ok(value instanceof Deno.KvU64);
  assert.equal(value.value, 2n ** 63n);
  for (const text of ["", "{}", "[]", '{"key":["a"],"value":"!"}', '{"key":1,"counter":"2"}']) {
    assert.throws(() => entryOf(text), /no entry/, text);
  }
});
