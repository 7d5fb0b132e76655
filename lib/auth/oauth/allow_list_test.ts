import assert from "node:assert/strict";
import { allowedRole, type Identity, readRules } from "./allow_list.ts";

const rules = readRules([
  "Ann@Example.com=admin",
  "@example.com=viewer",
  "org:Acme=operator",
]);
const somebody = (given: Partial<Identity>): Identity => ({
  id: "1",
  emails: [],
  organisations: [],
  ...given,
});

Deno.test("the highest role of all rules that name somebody holds", () => {
  const ann = somebody({ emails: ["ann@example.com"], organisations: ["acme"] });
  assert.equal(allowedRole(rules, ann), "admin");
  assert.equal(allowedRole(rules, somebody({ emails: ["bob@example.com"] })), "viewer");
  assert.equal(
    allowedRole(rules, somebody({ emails: ["bob@example.com"], organisations: ["acme"] })),
    "operator",
  );
});

Deno.test("what only looks like an allowed address or organisation is not one", () => {
  const strangers = [
    { emails: ["ann@example.com.evil.example"] },
    { emails: ["ann@evilexample.com"] },
    { emails: ["ann@sub.example.com"] },
    { emails: ['"@example.com"@evil.example'] },
    { organisations: ["acme-evil"] },
    { organisations: ["org:acme"] },
    { id: "ann@example.com" },
    {},
  ];
  for (const given of strangers) {
    assert.equal(allowedRole(rules, somebody(given)), null, JSON.stringify(given));
  }
});

Deno.test("a rule without a role we know is refused", () => {
  for (const text of ["@example.com", "@example.com=root", "=admin", ""]) {
    assert.throws(() => readRules([text]), RangeError, text);
  }
});
