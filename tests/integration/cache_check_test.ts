import assert from "node:assert/strict";
import { checkRedis } from "../../lib/cache/check_redis.ts";
import { freePort } from "../support/ports.ts";
import { RedisServer } from "../support/redis.ts";

Deno.test("Redis is all right when it lets us in, not when it only takes the connection", async () => {
  await using redis = await RedisServer.start({ password: "right" });
  const check = (url: string) => checkRedis({ url, timeoutMs: 3_000 });
  const at = `127.0.0.1:${redis.port}`;
  assert.equal(await check(redis.url), at);
  await assert.rejects(check(`redis://:wrong@${at}`), /WRONGPASS/);
  await assert.rejects(check(`redis://${at}`), /NOAUTH/);
  await assert.rejects(check(`redis://127.0.0.1:${freePort()}`), /ECONNREFUSED/);
});
