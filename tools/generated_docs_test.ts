import assert from "node:assert/strict";
import { PARTS, withPart } from "./generated_docs.ts";

for (const [name, { file, make }] of Object.entries(PARTS)) {
  Deno.test(`generated docs: ${name} in ${file} is current (deno task docs:write)`, async () => {
    const text = await Deno.readTextFile(file);
    assert.ok(text === withPart(text, name, make()), "run deno task docs:write");
  });
}

Deno.test("generated docs: a part takes its place, and a place that is missing is told", () => {
  const text = "a\n<!-- x: made by deno task docs:write -->\nold\n<!-- /x -->\nb";
  assert.equal(
    withPart(text, "x", "new"),
    "a\n<!-- x: made by deno task docs:write -->\n\nnew\n\n<!-- /x -->\nb",
  );
  assert.throws(() => withPart("a", "x", "new"), /no place for "x"/);
});
