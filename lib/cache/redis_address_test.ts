import assert from "node:assert/strict";
import { parseRedisAddress } from "./redis_address.ts";

Deno.test("an address of Redis: every form", () => {
  const plain = parseRedisAddress("rediss://us%40r:pa%2Fss@[::1]:7000/3");
  assert.deepEqual(plain, {
    deployment: { kind: "standalone" },
    nodes: [{ host: "::1", port: 7_000 }],
    username: "us@r",
    password: "pa/ss",
    db: 3,
    tls: true,
  });
  const sentinel = parseRedisAddress(
    "redis+sentinel://:pw@one/main?node=two:26380&db=1&sentinel_password=x",
  );
  assert.deepEqual(sentinel.nodes, [{ host: "one", port: 26_379 }, { host: "two", port: 26_380 }]);
  assert.deepEqual(sentinel.deployment, { kind: "sentinel", primary: "main", password: "x" });
  assert.deepEqual([sentinel.password, sentinel.db, sentinel.tls], ["pw", 1, false]);
  const cluster = parseRedisAddress("rediss+cluster://one?node=two:7001");
  assert.equal(cluster.deployment.kind, "cluster");
  assert.deepEqual(cluster.nodes, [{ host: "one", port: 6_379 }, { host: "two", port: 7_001 }]);
  assert.equal(cluster.tls, true);
});

Deno.test("an address of Redis: what is none is refused", () => {
  const wrong = ["", "localhost:6379", "http://localhost", "redis://", "redis+sentinel://one"];
  for (const text of [...wrong, "redis://one/x", "redis+x://one"]) {
    assert.throws(() => parseRedisAddress(text), TypeError, text);
  }
});
