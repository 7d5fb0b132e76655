import assert from "node:assert/strict";
import fc from "fast-check";
import { REDACTED, redacted } from "./redact.ts";

Deno.test("fields with a secret's name are redacted, however it is spelt, wherever they lie", () => {
  const names = ["password", "DB_PASSWORD", "passwordHash", "api_key", "apiKey", "X-API-Key"]
    .concat("apikey", "Authorization", "access_token", "refreshToken", "client_secret")
    .concat("Set-Cookie", "aws.secret_access_key", "credentials", "privateKey");
  for (const name of names) {
    const holder = { deep: [{ [name]: "Bearer s3cret" }, { [name]: { inner: "s3cret" } }] };
    const before = structuredClone(holder);
    assert.deepEqual(redacted(holder), { deep: [{ [name]: REDACTED }, { [name]: REDACTED }] });
    assert.deepEqual(holder, before);
    assert.doesNotMatch(redacted(JSON.stringify(holder)) as string, /s3cret/, name);
  }
});

Deno.test("everything else stays as it is", () => {
  const reply = {
    response: "Your password: reset it by mail.",
    tokens: { prompt: 3, completion: 4, total: 7 },
    key: "k",
    secretary: "Ann",
    has_password: true,
    token: null,
    at: new Date(0),
  };
  assert.deepEqual(redacted(reply), reply);
  for (const text of ["plain", '{ "a" :  1 }', "{no json", "[1, 2]", '"quoted"']) {
    assert.equal(redacted(text), text);
  }
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    const text = JSON.stringify(redacted(value));
    if (!/pass|pwd|secret|token|jwt|auth|cred|cookie|key/i.test(JSON.stringify(value))) {
      assert.equal(text, JSON.stringify(value));
    }
  }));
});
