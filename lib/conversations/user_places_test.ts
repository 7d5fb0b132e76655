import assert from "node:assert/strict";
import { topKey, userKey, userMonthKey } from "../analytics/keys.ts";
import { uniqueForKey, uniqueKey } from "../jobs/keys.ts";
import { mayHoldUser, userPartOf, withoutActor } from "./user_places.ts";

Deno.test("a user's id is found in every key that has one", () => {
  const id = "ada";
  const keys = [
    userKey(id),
    userMonthKey(7, id),
    topKey(7, 2, id),
    uniqueKey("default", id),
    uniqueForKey("default", id),
  ];
  for (const key of keys) assert.equal(key[userPartOf(key)!], id, JSON.stringify(key));
  for (const key of [["conv", "c", id], ["stats", "bot", id], ["jobs", "pause", id], ["u", id]]) {
    assert.equal(userPartOf(key), null, JSON.stringify(key));
  }
});

Deno.test("a field is a user's by its name", () => {
  for (const name of ["userId", "user_id", "user", "forUsers", "uniqueKey"]) {
    assert.equal(mayHoldUser(name), true, name);
  }
  for (const name of ["status", "botId", "message", "role"]) {
    assert.equal(mayHoldUser(name), false, name);
  }
});

Deno.test("the audit log loses whom a platform's token named, and no other", () => {
  const texts = new Map([["ada", "erased-1"], ["admin", "erased-2"], ["a@b.c", "erased-3"]]);
  const of = (actor: string, subject: string) => withoutActor({ actor, subject }, texts);
  assert.deepEqual(of("jwt:ada", "ada"), { actor: "jwt:erased-1", subject: "erased-1" });
  assert.deepEqual(of("oauth:7", "a@b.c"), { actor: "oauth:7", subject: "erased-3" });
  assert.deepEqual(of("admin", "admin"), { actor: "admin", subject: "admin" });
  assert.deepEqual(of("token:x1", "ada"), { actor: "token:x1", subject: "ada" });
});
