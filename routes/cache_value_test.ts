import assert from "node:assert/strict";
import { shownValue } from "./cache.tsx";

Deno.test("a long cache value is cut on the page, which says by how much", () => {
  assert.equal(shownValue("short"), "short");
  assert.equal(shownValue({ a: 1 }), '{\n  "a": 1\n}');
  assert.equal(shownValue(undefined), "null");
  const shown = shownValue("é".repeat(30_000));
  assert.ok(shown.startsWith("é".repeat(20_000) + "\n… "));
  assert.match(shown, /10,000 more characters$/);
});
