import assert from "node:assert/strict";
import fc from "fast-check";
import { compileGlob } from "./glob.ts";
import { namespaceOf } from "./key_space.ts";
import { CacheKeyBuilder, type KeyPart } from "./key_builder.ts";

Deno.test("key builder: short parts stay readable", () => {
  const key = CacheKeyBuilder.in("response").with("support-bot", 7, true).build();
  assert.equal(key, "response:support-bot:7:true");
});

Deno.test("key builder: equal values give equal hashes, whatever their order", () => {
  const hash = (value: unknown) => CacheKeyBuilder.in("a").hash(value).build();
  assert.equal(hash({ x: 1, y: [{ b: 2, a: 1 }] }), hash({ y: [{ a: 1, b: 2 }], x: 1 }));
  assert.notEqual(hash([1, 2]), hash([2, 1]));
  assert.notEqual(hash("1"), hash(1));
  assert.match(hash(undefined), /^a:[\w-]{22}$/);
});

Deno.test("key builder: different parts give different keys that the wire allows", () => {
  const part: fc.Arbitrary<KeyPart> = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 100 }),
    fc.string({ unit: fc.constantFrom(":", "%", "a", "3", "A") }),
  );
  const parts = fc.array(part, { maxLength: 8 });
  fc.assert(fc.property(parts, parts, (one, two) => {
    const build = (list: KeyPart[]) => CacheKeyBuilder.in("ns").with(...list).build();
    assert.equal(build(one) === build(two), JSON.stringify(one) === JSON.stringify(two));
    assert.ok(build(one).length <= 200);
    // deno-lint-ignore no-control-regex -- that there are none is the point
    assert.doesNotMatch(build(one), /[\x00-\x1f\x7f]/);
    assert.equal(namespaceOf(build([...one, "x"])), "ns");
  }));
});

Deno.test("key builder: a pattern finds what continues the key", () => {
  const bot = CacheKeyBuilder.in("response").with("b*t[1]");
  const glob = compileGlob(bot.pattern());
  assert.equal(glob.matches(bot.with("x").build()), true);
  assert.equal(glob.matches(CacheKeyBuilder.in("response").with("boot1", "x").build()), false);
});
