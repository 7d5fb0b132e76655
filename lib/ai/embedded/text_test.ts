import assert from "node:assert/strict";
import fc from "fast-check";
import { normaliseText, stem } from "./text.ts";
import { featuresOf } from "./features.ts";

Deno.test("normalising keeps what is said and drops how it is written", () => {
  assert.equal(normaliseText("  What’s   the PRICE?!\n"), "whats the price");
  assert.equal(normaliseText("Café Ｆｕｌｌ１２"), "cafe full12");
  assert.equal(normaliseText("卡在哪里？"), "卡 在 哪 里");
  assert.equal(normaliseText("नमस्ते दुनिया"), "नमस्ते दुनिया");
  assert.equal(normaliseText("¿¡…!?"), "");
});

Deno.test("normalising is idempotent and leaves single spaces only", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
    const once = normaliseText(text);
    assert.equal(normaliseText(once), once);
    assert.doesNotMatch(once, /^\s|\s$|\s\s|[.,;:!?'"]/);
  }));
});

Deno.test("normalising ignores case, outer space and punctuation at the end", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme-ascii", maxLength: 60 }), (text) => {
    assert.equal(normaliseText(`  ${text.toUpperCase()} ?!`), normaliseText(text.toLowerCase()));
  }));
});

Deno.test("equal normalised texts have equal features, and every feature counts", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), (text) => {
    const bag = featuresOf(text);
    assert.deepEqual(featuresOf(normaliseText(text)), bag);
    for (const weight of bag.values()) assert.ok(weight > 0);
    assert.equal(bag.size === 0, normaliseText(text) === "");
  }));
});

Deno.test("stems bring forms of a word together and leave short words alone", () => {
  assert.equal(stem("ordered"), stem("ordering"));
  assert.equal(stem("cards"), stem("card"));
  assert.equal(stem("red"), "red");
});
