import assert from "node:assert/strict";
import { pathWithin } from "./sign-in.tsx";
import { readQuery } from "./tasks/index.tsx";

Deno.test("after signing in one only ever lands on a page of ours", () => {
  assert.equal(pathWithin("/tasks?status=failed"), "/tasks?status=failed");
  const elsewhere = [
    "//evil.example",
    "/\\evil.example",
    "https://evil.example/",
    "javascript:alert(1)",
    "/\t/evil.example",
    "/..//evil.example",
    "/.//evil.example/x?y",
    "/a/%2e%2e//evil.example",
    "/\\/evil.example",
    "//evil.example/%2e%2e",
    "",
    null,
    new File([], "next"),
  ];
  for (const next of elsewhere) assert.equal(pathWithin(next), "/", String(next));
});

Deno.test("filters that are empty or unknown count as absent", () => {
  const query = readQuery(new URLSearchParams("queue=&status=nonsense&q=%20a%20&cursor=x&other=1"));
  assert.deepEqual(query, { q: "a", cursor: "x" });
  assert.deepEqual(readQuery(new URLSearchParams("status=failed")), { status: "failed" });
});
