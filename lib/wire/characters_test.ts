import assert from "node:assert/strict";
import { cutText, withinCharacters } from "./characters.ts";

Deno.test("a pair counts as one character, and is never cut in half", () => {
  assert.ok(withinCharacters("😀".repeat(5), 5));
  assert.ok(!withinCharacters("😀".repeat(5) + "x", 5));
  assert.equal(cutText("a😀b", 2), "a");
  assert.equal(cutText("a😀b", 3), "a😀");
  assert.equal(cutText("a😀b", 4), "a😀b");
});
