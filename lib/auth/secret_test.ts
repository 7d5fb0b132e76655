import assert from "node:assert/strict";
import fc from "fast-check";
import { isSecret, masked, newSecret, secretHash } from "./secret.ts";

Deno.test("a masked secret is the secret, and looks different each time", () => {
  const secret = secretHash(newSecret());
  const forms = Array.from({ length: 100 }, () => masked(secret));
  assert.equal(new Set(forms).size, 100);
  for (const form of forms) {
    assert.ok(isSecret(secret, form));
    assert.ok(!isSecret(secretHash("another"), form));
  }
  assert.ok(isSecret(secret, secret));
});

Deno.test("nothing else is the secret", () => {
  const secret = secretHash(newSecret());
  fc.assert(fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
    assert.ok(!isSecret(secret, text));
  }));
  const form = masked(secret);
  assert.ok(!isSecret(secret, form.slice(1)));
  assert.ok(!isSecret(secret, form.slice(0, -1) + (form.endsWith("A") ? "E" : "A")));
});
