import assert from "node:assert/strict";
import { Recent } from "./recent.ts";

Deno.test("what is used stays, what is not goes, and the weight is bounded", () => {
  const recent = new Recent<number>(100, (value) => value);
  for (let i = 0; i < 1_000; i++) {
    recent.set(`k${i}`, 5);
    recent.set("hot", 5);
    assert.equal(recent.get("hot"), 5);
    assert.ok(recent.size * 5 <= 100 + 10);
  }
  assert.equal(recent.get("k0"), undefined);
  assert.equal(recent.get("k999"), 5);
});

Deno.test("a value replaced, promoted or deleted is never the old one", () => {
  const recent = new Recent<number>(10, () => 1);
  recent.set("a", 1);
  for (let i = 0; i < 5; i++) recent.set(`x${i}`, 0);
  recent.set("a", 2);
  assert.equal(recent.get("a"), 2);
  recent.delete("a");
  assert.equal(recent.get("a"), undefined);
  recent.set("b", 1);
  recent.clear();
  assert.equal(recent.peek("b"), undefined);
  assert.equal(recent.size, 0);
});
