import assert from "node:assert/strict";
import fc from "fast-check";
import { compileGlob, escapeGlob } from "./glob.ts";

const rows: [pattern: string, text: string, matches: boolean][] = [
  ["*", "", true],
  ["*", "a:b", true],
  ["a*c", "abc", true],
  ["a*c", "abcd", false],
  ["a?c", "abc", true],
  ["a?c", "ac", false],
  ["a?c", "a🦕c", true],
  ["[a-c]x", "bx", true],
  ["[^a-c]x", "bx", false],
  ["[^a-c]x", "dx", true],
  ["[c-a]x", "bx", true],
  ["[\\]]", "]", true],
  ["\\*", "*", true],
  ["\\*", "a", false],
  ["a\\", "a\\", true],
  ["*a*b*", "xxaxxbxx", true],
  ["*a*b", "xxaxxbxx", false],
  ["", "", true],
  ["", "a", false],
];

Deno.test("glob: means what Redis means", () => {
  for (const [pattern, text, matches] of rows) {
    assert.equal(compileGlob(pattern).matches(text), matches, `${pattern} on ${text}`);
  }
});

Deno.test("glob: an escaped key matches itself and nothing else", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), fc.string(), (key, other) => {
    const glob = compileGlob(escapeGlob(key));
    assert.equal(glob.literal, true);
    assert.equal(glob.matches(key), true);
    assert.equal(glob.matches(other), key === other);
  }));
});

Deno.test("glob: what matches begins with the literal prefix", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "*", "?", "[", "]", "\\", "-", "^") });
  fc.assert(fc.property(text, text, (pattern, key) => {
    const glob = compileGlob(pattern);
    if (glob.matches(key)) assert.ok(key.startsWith(glob.literalPrefix));
  }));
});

Deno.test("glob: a hostile pattern ends soon", () => {
  const glob = compileGlob("*a".repeat(100) + "b");
  const startedAt = performance.now();
  assert.equal(glob.matches("a".repeat(200)), false);
  assert.ok(performance.now() - startedAt < 10_000, "backtracking would take for ever");
});
